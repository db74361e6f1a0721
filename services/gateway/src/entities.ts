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

const auditLog = new EntitySchema({
  name: 'audit_log',
  tableName: 'audit_log',
  columns: {
    seq: { type: 'bigint', primary: true, primaryKeyConstraintName: 'audit_log_pkey' },
    recorded_at: { type: 'timestamptz' },
    acted_at: { type: 'timestamptz' },
    source: { type: 'text' },
    act_id: { type: 'uuid' },
    actor_id: { type: 'uuid', nullable: true },
    action: { type: 'text' },
    about: { type: 'text', nullable: true },
    address: { type: 'text', nullable: true },
    request_id: { type: 'text', nullable: true },
    previous_hash: { type: 'bytea' },
    hash: { type: 'bytea' },
  },
  uniques: [{ name: 'audit_log_act_once', columns: ['source', 'act_id'] }],
  indices: [
    { name: 'audit_log_actor', columns: ['actor_id', 'seq'] },
    { name: 'audit_log_about', columns: ['about', 'seq'] },
    { name: 'audit_log_action', columns: ['action', 'seq'] },
  ],
  checks: [
    {
      name: 'audit_log_one_line',
      expression: `source ~ '^[a-z]{1,32}$' AND action ~ '^[a-z][a-z0-9_]{0,63}$' AND about ~ '^[A-Za-z0-9_-]{1,128}$'
        AND address ~ '^[0-9A-Fa-f.:]{2,45}$' AND request_id ~ '^[A-Za-z0-9_-]{1,64}$'`,
    },
  ],
});

const sessions = new EntitySchema({
  name: 'sessions',
  tableName: 'sessions',
  columns: {
    id: { type: 'uuid', primary: true, primaryKeyConstraintName: 'sessions_pkey' },
    user_id: { type: 'uuid' },
    created_at: { type: 'timestamptz' },
    last_used_at: { type: 'timestamptz' },
    expires_at: { type: 'timestamptz' },
    address: { type: 'text', nullable: true },
    user_agent: { type: 'text', nullable: true },
    successor_key: { type: 'bytea' },
    revoked_at: { type: 'timestamptz', nullable: true },
    revoked_because: { type: 'text', nullable: true },
  },
  indices: [
    { name: 'sessions_user', columns: ['user_id', 'created_at'] },
    { name: 'sessions_expires', columns: ['expires_at'] },
  ],
  checks: [
    {
      name: 'sessions_revoked_why',
      expression: `(revoked_at IS NULL) = (revoked_because IS NULL)
        AND revoked_because IN ('logged_out', 'revoked', 'reused', 'password_changed')`,
    },
  ],
});

const refreshTokens = new EntitySchema({
  name: 'refresh_tokens',
  tableName: 'refresh_tokens',
  columns: {
    hash: { type: 'bytea', primary: true, primaryKeyConstraintName: 'refresh_tokens_pkey' },
    session_id: { type: 'uuid' },
    issued_at: { type: 'timestamptz' },
    expires_at: { type: 'timestamptz' },
    used_at: { type: 'timestamptz', nullable: true },
  },
  indices: [{ name: 'refresh_tokens_expires', columns: ['expires_at'] }],
});

export const entities = [users, auditLog, sessions, refreshTokens];
