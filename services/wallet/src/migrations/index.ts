import { Ledger1763800000200 } from './1763800000200-ledger.ts';
import { Adjustments1795389600200 } from './1795389600200-adjustments.ts';
import { Freezes1795400000210 } from './1795400000210-freezes.ts';
import { DayBooks1795482000200 } from './1795482000200-day-books.ts';
import { Debts1795483000200 } from './1795483000200-debts.ts';
import { PostingsFeed1795483000210 } from './1795483000210-postings-feed.ts';
import { Acts1795483000220 } from './1795483000220-acts.ts';
import { Limits1795489000200 } from './1795489000200-limits.ts';
import { WalletPruning1795510000200 } from './1795510000200-pruning.ts';
import { WalletStory1795523000200 } from './1795523000200-story.ts';
import { WalletPruningByPlace1795524000200 } from './1795524000200-pruning-by-place.ts';
import { OneIndexOfEntries1796078000200 } from './1796078000200-one-index-of-entries.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [
  Ledger1763800000200,
  Adjustments1795389600200,
  Freezes1795400000210,
  DayBooks1795482000200,
  Debts1795483000200,
  PostingsFeed1795483000210,
  Acts1795483000220,
  Limits1795489000200,
  WalletPruning1795510000200,
  WalletStory1795523000200,
  WalletPruningByPlace1795524000200,
  OneIndexOfEntries1796078000200,
];
