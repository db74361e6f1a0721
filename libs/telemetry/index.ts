export { openSpanExport } from './export-spans.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { type Checks, type Ops, startOps } from './ops.ts';
