import { Payments1795384800300 } from './1795384800300-payments.ts';
import { PaymentsFreezes1795400000310 } from './1795400000310-freezes.ts';
import { PaymentsHistory1795488000000 } from './1795488000000-history.ts';
import { PaymentsHistoryAcrossUsers1795488000100 } from './1795488000100-history-across-users.ts';
import { PaymentsApprovals1795489000300 } from './1795489000300-approvals.ts';
import { PaymentsPruning1795510000300 } from './1795510000300-pruning.ts';
import { PaymentsStory1795523000300 } from './1795523000300-story.ts';
import { PaymentsHistoryReader1795524000000 } from './1795524000000-history-reader.ts';
import { PaymentsLookUps1795524000100 } from './1795524000100-look-ups.ts';
import { PaymentsPruningByPlace1795524000200 } from './1795524000200-pruning-by-place.ts';
import { PaymentsPayoutsOfTransaction1795525000100 } from './1795525000100-payouts-of-transaction.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [
  Payments1795384800300,
  PaymentsFreezes1795400000310,
  PaymentsHistory1795488000000,
  PaymentsHistoryAcrossUsers1795488000100,
  PaymentsApprovals1795489000300,
  PaymentsPruning1795510000300,
  PaymentsStory1795523000300,
  PaymentsHistoryReader1795524000000,
  PaymentsLookUps1795524000100,
  PaymentsPruningByPlace1795524000200,
  PaymentsPayoutsOfTransaction1795525000100,
];
