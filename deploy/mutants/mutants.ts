/** One deliberate break, and the tests that must see it. */
export interface Mutant {
  name: string;
  /** The promise that it breaks, by the ids of REQUIREMENTS and ARCHITECTURE.md. */
  breaks: string;
  edits: readonly Edit[];
  /** Each of these files must see it: a break in two places is seen in both. */
  tests: readonly string[];
  /** Of these files only the tests whose names have this in them, where the others would take a minute to say nothing. */
  named?: string;
}

/** `from` stands in the file exactly once: an edit that no longer fits fails, and never leaves the code as it was. */
interface Edit {
  file: string;
  from: string;
  to: string;
}

/** A statement of a transaction that goes over another connection: it is there whatever becomes of the transaction. */
const outsideTransaction = (table: string): readonly Edit[] => [
  {
    file: 'libs/db/transact.ts',
    from: 'const client = await pool.connect();',
    to: 'const client = Object.assign(await pool.connect(), { elsewhere: pool });',
  },
  {
    file: 'libs/db/transact.ts',
    from: 'return client.query(config);',
    to: `return (config.text.startsWith('INSERT INTO ${table}') ? client.elsewhere : client).query(config);`,
  },
];

const relay = 'libs/messaging/relay.ts';
const receive = 'libs/messaging/receive.ts';
const submitPayout = 'services/payments/src/withdrawal/submit-payout.ts';

/** The fifteen: what a hurried hand could do to each of the mechanisms that the promise rests on. */
export const mutants: readonly Mutant[] = [
  {
    name: 'publish outside the transaction',
    breaks: 'I7 F6: a message of what was rolled back leaves',
    edits: outsideTransaction('outbox'),
    tests: ['libs/messaging/test/messages.int.test.ts'],
    named: 'are enqueued and claimed with their transaction',
  },
  {
    name: 'ack before commit',
    breaks: 'F4 F5: a message whose handler dies is lost',
    edits: [
      {
        file: receive,
        from: '  const failure = handle === undefined ? (read as Failure)',
        to: '  acknowledge(session.channel, message);\n  const failure = handle === undefined ? (read as Failure)',
      },
      {
        file: receive,
        from: "    acknowledge(session.channel, message);\n    if (outcome === 'delayed'",
        to: "    if (outcome === 'delayed'",
      },
    ],
    tests: ['libs/messaging/test/consumer.int.test.ts'],
    named: 'a message is acknowledged once its handler has ended',
  },
  {
    name: 'void on timeout',
    breaks: 'M3 I8: a hold is released while its payout may have been executed',
    edits: [
      {
        file: submitPayout,
        from: "import { openPayee } from './open-payee.ts';",
        to: "import { openPayee } from './open-payee.ts';\nimport { askForVoid } from './request-void.ts';",
      },
      {
        file: submitPayout,
        from: '  await observePayout(deps, payout);',
        to: `  if (executed.kind === 'unknown') return void (await deps.transact((tx) => askForVoid(tx, withdrawal, 'timeout')));
  await observePayout(deps, payout);`,
      },
    ],
    tests: ['services/payments/test/withdrawals.int.test.ts'],
    named: 'F3: execute is answered by',
  },
  {
    name: 'blind second execute',
    breaks: 'F3 M3: a payout whose answer was lost is paid twice',
    edits: [
      {
        file: submitPayout,
        from: '  const executed = await deps.provider.executePayout(payout.executionUrl, payee);',
        to: `  const execute = () => deps.provider.executePayout(payout.executionUrl, payee);
  const first = await execute();
  const executed = first.kind === 'unknown' ? await execute() : first;`,
      },
    ],
    tests: ['services/payments/test/withdrawals.int.test.ts'],
    named: 'F3: execute is answered by',
  },
  {
    name: 'no pessimistic locking',
    breaks: 'M4: two decisions about one wallet meet',
    edits: [
      {
        file: 'services/wallet/src/ledger/ledger-sql.ts',
        from: '    FOR UPDATE\n  ), wallet AS (',
        to: '  ), wallet AS (',
      },
      {
        file: 'services/wallet/src/ledger/place-holds-sql.ts',
        from: '    FOR UPDATE OF wallets SKIP LOCKED\n  ), counted AS (',
        to: '  ), counted AS (',
      },
    ],
    tests: ['services/wallet/test/concurrency.int.test.ts', 'services/wallet/test/batch-holds.int.test.ts'],
    named: 'keeps its wallet row locked',
  },
  {
    name: 'unchecked COMMIT tag',
    breaks: 'F6: what PostgreSQL rolled back counts as done',
    edits: [
      {
        file: 'libs/db/transact.ts',
        from: "if (answer.command !== 'COMMIT') {",
        to: "if (answer.command === 'never') {",
      },
    ],
    tests: ['libs/db/test/transact.int.test.ts'],
    named: 'an error swallowed inside is an error at COMMIT',
  },
  {
    name: '`id > last` relay',
    breaks: 'I7: a message whose transaction was slow is never sent',
    edits: [
      {
        file: relay,
        from: 'WHERE published_at IS NULL AND retry_at <= now()',
        to: `WHERE published_at IS NULL AND retry_at <= now()
         AND id > (SELECT coalesce(max(id), 0) FROM outbox WHERE published_at IS NOT NULL)`,
      },
    ],
    tests: ['libs/messaging/test/relay.int.test.ts'],
    named: 'a message whose transaction was slow',
  },
  {
    name: 'no `mandatory`',
    breaks: 'I7 F5: what no queue takes counts as sent',
    edits: [
      {
        file: 'libs/messaging/publisher.ts',
        from: '{ mandatory: true, ...options, messageId, persistent: true }',
        to: '{ ...options, mandatory: false, messageId, persistent: true }',
      },
    ],
    tests: ['libs/messaging/test/relay.int.test.ts'],
    named: 'what no queue wants stays in the outbox',
  },
  {
    name: 'inbox outside the transaction',
    breaks: 'M6 F7: a message whose handling was rolled back counts as handled',
    edits: outsideTransaction('inbox'),
    tests: ['libs/messaging/test/messages.int.test.ts'],
    named: 'are enqueued and claimed with their transaction',
  },
  {
    name: 'credit of an unchecked amount',
    breaks: 'I9 M1: another amount is credited than came in',
    edits: [
      {
        file: 'services/reconciler/src/rules/purchase-rules.ts',
        from: "return BigInt(payment.amount_minor) === amountMinor ? null : 'amount_mismatch';",
        to: 'return null;',
      },
    ],
    tests: ['services/reconciler/src/decide.test.ts'],
  },
  {
    name: 'failed is final',
    breaks: 'M7: a payer who pays at the second try loses the money',
    edits: [
      {
        file: 'services/payments/src/deposit/deposit.ts',
        from: "failed: { failed: 'ignore', expired: 'expired', cancelled: 'cancelled', credited: 'completed' }",
        to: "failed: { failed: 'ignore', expired: 'ignore', cancelled: 'ignore', credited: 'ignore' }",
      },
    ],
    tests: ['services/payments/src/deposit/deposit.test.ts'],
  },
  {
    name: 'dedupe before verification',
    breaks: 'W1 W3: a forgery takes the place of the genuine delivery',
    edits: [
      {
        file: 'services/webhooks/src/log-row.ts',
        from: "return { ...nothingKnown, ...nothingSigned, state: 'unverified'",
        to: "return { ...nothingKnown, deliveryKey: digest, ...nothingSigned, state: 'unverified'",
      },
    ],
    tests: ['services/webhooks/test/receive.int.test.ts'],
    named: 'the genuine delivery of the same body is still applied',
  },
  {
    name: 'key not scoped to the user',
    breaks: 'M6 A3: one user is answered with what another did',
    edits: [
      {
        file: 'services/payments/src/idempotency/answer-once.ts',
        from: '  const { userId, key } = request;',
        to: "  const { key } = request;\n  const userId = '00000000-0000-4000-8000-000000000000';",
      },
    ],
    tests: ['services/payments/test/deposits.int.test.ts'],
    named: 'the same key of another user',
  },
  {
    name: 'replay with a new id',
    breaks: 'M6 W8: what was handled is handled again',
    edits: [
      {
        file: 'libs/messaging/dead-letters.ts',
        from: '        content,\n        messageId,',
        to: `        content: Buffer.from(JSON.stringify({ ...JSON.parse(String(content)), id: crypto.randomUUID() })),
        messageId,`,
      },
    ],
    tests: ['services/reconciler/test/dead-letters.int.test.ts'],
    named: 'a replay keeps the id',
  },
  {
    name: '`synchronous_commit` off',
    breaks: 'F6: a crash of the database forgets what was answered',
    edits: [
      {
        file: 'libs/db/connect-database.ts',
        from: 'idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,',
        to: "idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,\n  options: '-c synchronous_commit=off',",
      },
    ],
    tests: ['libs/db/test/transact.int.test.ts'],
    named: 'is on disk before it is answered',
  },
];
