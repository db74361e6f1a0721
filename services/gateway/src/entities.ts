import { EntitySchema } from 'typeorm';

/** The table as the migrations leave it; a test compares the two. */
const users = new EntitySchema({
  name: 'users',
  tableName: 'users',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'users_pkey' },
    email: { type: 'text' },
    password_hash: { type: 'text' },
    role: { type: 'text' },
    created_at: { type: 'timestamptz' },
  },
  uniques: [{ name: 'users_email_key', columns: ['email'] }],
  checks: [
    { name: 'users_email_normalised', expression: 'email = lower(btrim(email))' },
    { name: 'users_role_known', expression: `role IN ('user', 'support', 'admin')` },
  ],
});

export const entities = [users];
