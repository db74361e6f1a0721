import { Users1763800000100 } from './1763800000100-users.ts';
import { GatewayMessages1795400000110 } from './1795400000110-messages.ts';
import { AuditLog1795486000100 } from './1795486000100-audit-log.ts';
import { Sessions1795486000200 } from './1795486000200-sessions.ts';
import { RateLimits1795486000300 } from './1795486000300-rate-limits.ts';
import { GatewayPruning1795510000100 } from './1795510000100-pruning.ts';
import { GatewayStory1795523000100 } from './1795523000100-story.ts';
import { GatewayPruningByPlace1795524000200 } from './1795524000200-pruning-by-place.ts';
import { GatewayAuditViews1796100000100 } from './1796100000100-audit-views.ts';

/** In order. What has been released is never changed; a correction is a new one. */
export const migrations = [
  Users1763800000100,
  GatewayMessages1795400000110,
  AuditLog1795486000100,
  Sessions1795486000200,
  RateLimits1795486000300,
  GatewayPruning1795510000100,
  GatewayStory1795523000100,
  GatewayPruningByPlace1795524000200,
  GatewayAuditViews1796100000100,
];
