import { EntitySchema } from 'typeorm';

/** The table as the migrations leave it; a test compares the two. */
const webhookLogs = new EntitySchema({
  name: 'webhook_logs',
  tableName: 'webhook_logs',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'webhook_logs_pkey' },
    delivery_key: { type: 'text', nullable: true },
    digest: { type: 'text' },
    scheme: { type: 'text' },
    state: { type: 'text' },
    reason: { type: 'text', nullable: true },
    event_type: { type: 'text', nullable: true },
    object_type: { type: 'text', nullable: true },
    object_id: { type: 'text', nullable: true },
    source_address: { type: 'text' },
    signature: { type: 'text', nullable: true },
    body_bytes: { type: 'integer' },
    payload: { type: 'text', nullable: true },
    attempts: { type: 'integer' },
    transaction_id: { type: 'text', nullable: true },
    received_at: { type: 'timestamptz' },
    updated_at: { type: 'timestamptz' },
    signed_by: { type: 'text', nullable: true },
    event_id: { type: 'text', nullable: true },
    sent_at: { type: 'timestamptz', nullable: true },
    duplicates: { type: 'integer', default: 0 },
    last_duplicate_at: { type: 'timestamptz', nullable: true },
  },
  uniques: [{ name: 'webhook_logs_delivery_key_key', columns: ['delivery_key'] }],
  checks: [
    { name: 'webhook_logs_scheme_known', expression: `scheme IN ('plain', 'timestamped')` },
    {
      name: 'webhook_logs_state_known',
      expression: `state IN ('unverified', 'refused', 'stored', 'received', 'retrying', 'processing', 'completed', 'case', 'dead_lettered')`,
    },
    {
      name: 'webhook_logs_key_if_accepted',
      expression: `(delivery_key IS NULL) = (state IN ('unverified', 'refused'))`,
    },
    { name: 'webhook_logs_signer_known', expression: `signed_by IN ('webhook', 'company', 'relay')` },
    { name: 'webhook_logs_event_id_signed', expression: 'event_id IS NULL OR signed_by IS NOT NULL' },
    {
      name: 'webhook_logs_event_id_is_key',
      expression: `event_id IS NULL OR delivery_key IS NULL OR delivery_key = 'event:' || event_id`,
    },
  ],
  indices: [
    {
      name: 'webhook_logs_transaction',
      columns: ['transaction_id', 'received_at'],
      where: 'transaction_id IS NOT NULL',
    },
    { name: 'webhook_logs_received', columns: ['received_at', 'id'] },
    { name: 'webhook_logs_state', columns: ['state', 'received_at', 'id'] },
    { name: 'webhook_logs_object', columns: ['object_id', 'received_at'], where: 'object_id IS NOT NULL' },
    { name: 'webhook_logs_payload', columns: ['received_at'], where: 'payload IS NOT NULL' },
  ],
});

export const entities = [webhookLogs];
