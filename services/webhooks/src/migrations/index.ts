import { Deliveries1763800000100 } from './1763800000100-deliveries.ts';
import { DeliveryTrust1795392000100 } from './1795392000100-delivery-trust.ts';
import { DeliveryFailures1795481000100 } from './1795481000100-delivery-failures.ts';
import { WebhooksPruning1795510000500 } from './1795510000500-pruning.ts';
import { RateLimits1795511000100 } from './1795511000100-rate-limits.ts';
import { WebhooksStory1795523000500 } from './1795523000500-story.ts';
import { WebhooksPruningByPlace1795524000200 } from './1795524000200-pruning-by-place.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [
  Deliveries1763800000100,
  DeliveryTrust1795392000100,
  DeliveryFailures1795481000100,
  WebhooksPruning1795510000500,
  RateLimits1795511000100,
  WebhooksStory1795523000500,
  WebhooksPruningByPlace1795524000200,
];
