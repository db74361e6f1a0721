import type { MemoryDatabase, Sql } from '#libs/db';

/** One thing that an admin did. Never changed or deleted. */
export interface Act {
  id: string;
  at: Date;
  actorId: string;
  action: 'withdrawal_approved' | 'withdrawal_rejected' | 'payout_found' | 'payout_absent';
  transactionId: string;
  /** In the admin's own words; it stays here. */
  note: string | null;
}

export interface ActTx {
  insertAct(act: Act): Promise<void>;
}

export const postgresActs = (sql: Sql): ActTx => ({
  insertAct: async ({ id, at, actorId, action, transactionId, note }) => {
    await sql.run('INSERT INTO acts (id, at, actor_id, action, transaction_id, note) VALUES ($1, $2, $3, $4, $5, $6)', [
      id,
      at,
      actorId,
      action,
      transactionId,
      note,
    ]);
  },
});

export function memoryActs(memory: MemoryDatabase): ActTx {
  const acts = memory.table<Act>({ key: (row) => row.id, keyConstraint: 'acts_pkey' });
  return { insertAct: async (act) => acts.insert(act) };
}
