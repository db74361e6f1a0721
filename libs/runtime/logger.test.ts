import { expect, test } from 'vitest';
import { continueTrace, createLogger, currentContext, newId, runInContext } from './index.ts';

function linesOf(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  write(createLogger({ name: 'wallet', level: 'info', destination }));
  return lines;
}

test('O3: a line names its service, request, transaction and trace', () => {
  const [line] = linesOf((logger) =>
    runInContext({ requestId: 'req-12345', traceparent: 'tp' }, () =>
      runInContext({ correlationId: 'wd_1' }, () => logger.info('held')),
    ),
  );
  expect(line).toMatchObject({
    level: 'info',
    service: 'wallet',
    request_id: 'req-12345',
    correlation_id: 'wd_1',
    traceparent: 'tp',
    msg: 'held',
  });
});

test('A8: an error’s log line holds its message and causes, not the rows and parameters that drivers hang on it', () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    constraint: 'users_email_unique',
    detail: 'Key (email)=(payer@example.com) already exists.',
    parameters: ['payer@example.com'],
  });
  const [line] = linesOf((logger) => logger.error({ err: new Error('register failed', { cause }) }, 'failed'));
  expect(line).toMatchObject({
    err: { message: 'register failed', cause: { code: '23505', constraint: 'users_email_unique' } },
  });
  expect(JSON.stringify(line)).not.toContain('payer@');
});

test('outside of any context there is an empty one', () => {
  expect(currentContext()).toEqual({});
});

const received = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

test('O3: a trace goes on with the same id, the same flags and a parent of our own', () => {
  expect(continueTrace(received)).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-00$/);
  expect(continueTrace(received)).not.toBe(received);
});

test.each([
  undefined,
  '',
  `${received} `,
  received.toUpperCase(),
  received.replace('00-', '01-'),
  received.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
  received.replace('00f067aa0ba902b7', '0'.repeat(16)),
  `${received}\nx`,
])('O3: "%s" is no trace to go on with: a new one begins', (header) => {
  const trace = continueTrace(header);
  expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(trace).not.toContain('4bf92f3577b34da6a3ce929d0e0e4736');
});

test('a transaction id tells its kind and has the form that the contracts ask for', () => {
  expect(newId('wd')).toMatch(/^wd_[0-9A-HJKMNP-TV-Z]{26}$/);
});
