import { Reconciliation1763800000400 } from './1763800000400-reconciliation.ts';
import { People1795389600400 } from './1795389600400-people.ts';
import { FailedReads1795402500400 } from './1795402500400-failed-reads.ts';
import { DeadLetters1795481000400 } from './1795481000400-dead-letters.ts';
import { Reports1795482000400 } from './1795482000400-reports.ts';
import { StatementsAgain1795482100400 } from './1795482100400-statements-again.ts';
import { Conservation1795483000400 } from './1795483000400-conservation.ts';
import { ReportsExplainNothing1795483900400 } from './1795483900400-reports-explain-nothing.ts';
import { ReconcilerPruning1795510000400 } from './1795510000400-pruning.ts';
import { ReconcilerStory1795523000400 } from './1795523000400-story.ts';
import { ReconcilerPruningByPlace1795524000200 } from './1795524000200-pruning-by-place.ts';
import { ReconcilerDeadLettersByTransaction1795525000000 } from './1795525000000-dead-letters-by-transaction.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [
  Reconciliation1763800000400,
  People1795389600400,
  FailedReads1795402500400,
  DeadLetters1795481000400,
  Reports1795482000400,
  StatementsAgain1795482100400,
  Conservation1795483000400,
  ReportsExplainNothing1795483900400,
  ReconcilerPruning1795510000400,
  ReconcilerStory1795523000400,
  ReconcilerPruningByPlace1795524000200,
  ReconcilerDeadLettersByTransaction1795525000000,
];
