import pg from 'pg';

export const roles = ['user', 'support', 'admin'] as const;
export type Role = (typeof roles)[number];

/**
 * Gives a registered user a role, as the owner of the gateway's database: the service itself may not change a role, so nobody who
 * breaks into it makes an admin. It holds from the next login on. False where nobody has this e-mail address.
 */
export async function grantRole(ownerUrl: string, email: string, role: Role): Promise<boolean> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'grant-role' });
  await client.connect();
  try {
    // One statement, so that no role is given without its line in the audit log. Nobody proved who they are: the actor is empty.
    const changed = await client.query(
      `WITH changed AS (UPDATE users SET role = $2 WHERE email = lower(btrim($1)) RETURNING id)
       SELECT append_audit('gateway', gen_random_uuid(), clock_timestamp(), NULL, 'role_granted_' || $2, id::text, NULL, NULL) FROM changed`,
      [email, role],
    );
    return changed.rowCount === 1;
  } finally {
    await client.end();
  }
}
