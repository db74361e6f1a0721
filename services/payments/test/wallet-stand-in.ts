import { Router } from 'express';
import { requireInternal, requireService } from '#libs/auth';
import { type HoldDecision, holdRequest } from '#libs/contracts';
import { createApp, type Listening, listen, Problem, parseBody } from '#libs/http';
import { createMetrics } from '#libs/telemetry';
import { logger } from './stores.ts';

/** As much of the wallet as payments can see: over HTTP, one final decision per transaction id, and answers that get lost. */
export interface WalletStandIn {
  url: string;
  key: Buffer;
  decisions: Map<string, HoldDecision>;
  /** What new decisions are; null holds. */
  refuse: HoldDecision['reason'];
  /** What it says of the limit that refuses. */
  limit: HoldDecision['limit'];
  /** How many of the next answers are lost after the decision, and how many requests before it. */
  loseAnswers: number;
  down: boolean;
  /** It decided every transaction id for other amounts. */
  conflicts: boolean;
  stop(): Promise<void>;
}

export async function startWalletStandIn(): Promise<WalletStandIn> {
  const key = Buffer.alloc(32, 7);
  const routes = Router();
  routes.use(requireInternal({ audience: 'wallet', keys: [key] }));
  routes.post('/holds', (request, response) => {
    requireService(request, ['payments']);
    if (wallet.down) return void response.destroy();
    if (wallet.conflicts) throw new Problem('hold_conflict');
    const { transaction_id } = parseBody(holdRequest, request);
    const { refuse, decisions } = wallet;
    const decided = decisions.get(transaction_id) ?? {
      transaction_id,
      decision: refuse === null ? 'held' : 'refused',
      reason: refuse,
      ...(wallet.limit === undefined ? {} : { limit: wallet.limit }),
    };
    decisions.set(transaction_id, decided);
    if (wallet.loseAnswers > 0) {
      wallet.loseAnswers -= 1;
      return void response.destroy();
    }
    response.json(decided);
  });
  const app = createApp({ logger, metrics: createMetrics('wallet'), jsonLimitBytes: 65_536, routes });
  const listening: Listening = await listen(app, { host: '127.0.0.1', port: 0 });
  const wallet: WalletStandIn = {
    url: listening.url,
    key,
    decisions: new Map(),
    refuse: null,
    limit: undefined,
    loseAnswers: 0,
    down: false,
    conflicts: false,
    stop: () => listening.stop(),
  };
  return wallet;
}
