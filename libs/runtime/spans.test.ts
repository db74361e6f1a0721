import { afterEach, expect, test } from 'vitest';
import { continueTrace, currentContext, exportSpans, inSpan, runInContext, type Span } from './index.ts';

const work = { name: 'work', kind: 'internal', attributes: {} } as const;
const traceparent = continueTrace(undefined);
const inRequest = <R>(run: () => Promise<R>) => runInContext({ requestId: 'req-12345678', traceparent }, run);
const seenInside = () => inSpan(work, async () => currentContext().traceparent);

function collect(): Span[] {
  const spans: Span[] = [];
  exportSpans((span) => spans.push(span));
  return spans;
}
afterEach(() => exportSpans(undefined));

test('O3: without an exporter work runs in the trace as it is', async () => {
  expect(await inRequest(seenInside)).toBe(traceparent);
});

test('O3: what work does is a part of it, and it a part of the request', async () => {
  const spans = collect();
  const inside = await inRequest(seenInside);
  expect(inside).not.toBe(traceparent);
  expect(spans).toMatchObject([{ ...work, traceparent: inside, parent: traceparent, failed: false }]);
});

test('O3: work that throws is a failed span, and throws', async () => {
  const spans = collect();
  const failing = inRequest(() => inSpan(work, () => Promise.reject(new Error('no'))));
  await expect(failing).rejects.toThrow('no');
  expect(spans).toMatchObject([{ failed: true }]);
});

test('O3: a loop that looks for work makes no spans', async () => {
  const spans = collect();
  await runInContext({ traceparent }, seenInside);
  expect(spans).toEqual([]);
});
