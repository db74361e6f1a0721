import type { RequestDepositDeps } from './deposit/request-deposit.ts';
import type { ResumeDepositsDeps } from './deposit/resume-deposits.ts';
import type { ExportDeps } from './history/export-transactions.ts';
import type { ListDeps } from './history/list-transactions.ts';
import type { ReadDeps } from './history/read-transaction.ts';
import type { WebhookEvents } from './history/webhook-event-store.ts';
import type { Provider } from './revio/provider.ts';
import type { RequestWithdrawalDeps } from './withdrawal/request-withdrawal.ts';
import type { SubmitPayoutDeps } from './withdrawal/submit-payout.ts';
import type { RunDueDeps } from './worker/run-due.ts';

/** What the operations of this service need, all together; each names its own part. */
export type Deps = RequestDepositDeps &
  ResumeDepositsDeps &
  RequestWithdrawalDeps &
  SubmitPayoutDeps &
  RunDueDeps &
  ListDeps &
  ReadDeps &
  ExportDeps & { provider: Provider; newUuid: () => string; webhookEvents: WebhookEvents };
