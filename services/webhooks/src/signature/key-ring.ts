import type { KeyObject } from 'node:crypto';
import type { Clock, Logger } from '#libs/runtime';
import { type KeyLists, type KeyPurpose, keyPurposes } from './signer.ts';

/** Of a purpose, beside the configured ones: the new key, and the one before, whose deliveries Revio may still repeat for 36 h. */
const learnedMax = 2;
/** Deliveries that wait for an answer of Revio's, each with its body in hand. The others get their 401 and come again. */
const waitingMax = 50;

export type LearnedKeys = Partial<Record<KeyPurpose, readonly KeyObject[]>>;

export interface KeyRing {
  keys(): KeyLists;
  /**
   * After a signature that no key of `judgedBy` made: whether there are others now. Revio is asked by one request at a time, and not
   * again before `restMs` have passed, whatever it answered: a flood of junk must not become a flood at Revio.
   */
  hasLearnedSince(judgedBy: KeyLists): Promise<boolean>;
}

interface KeyRingDeps {
  configured: KeyLists;
  /** Undefined where this service is given no access to Revio: then keys change by configuration alone. */
  fetchKeys: (() => Promise<LearnedKeys>) | undefined;
  restMs: number;
  clock: Pick<Clock, 'monotonicMs'>;
  logger: Logger;
  /** Told how each asking ended. */
  asked: (outcome: KeyFetch) => void;
}

export const keyFetches = ['learned', 'nothing_new', 'failed'] as const;
type KeyFetch = (typeof keyFetches)[number];

/** The keys that may sign now: those of the configuration for as long as it names them, and what Revio was found to sign with since. */
export function createKeyRing({ configured, fetchKeys, restMs, clock, logger, asked }: KeyRingDeps): KeyRing {
  let current = configured;
  let learned: LearnedKeys = {};
  let asking: Promise<void> | undefined;
  let askedAtMs = -Infinity;
  let waiting = 0;

  async function ask(fetch: () => Promise<LearnedKeys>): Promise<void> {
    try {
      const found = await fetch();
      const fresh = (purpose: KeyPurpose): KeyObject[] =>
        (found[purpose] ?? []).filter((key) => !current[purpose].some((known) => known.equals(key)));
      const news = keyPurposes.flatMap((purpose) => (fresh(purpose).length > 0 ? [purpose] : []));
      if (news.length === 0) return asked('nothing_new');
      learned = byPurpose((purpose) => [...fresh(purpose), ...(learned[purpose] ?? [])].slice(0, learnedMax));
      current = byPurpose((purpose) => [...configured[purpose], ...(learned[purpose] ?? [])]);
      logger.warn({ purposes: news }, 'Revio signs with a key that the configuration does not name');
      asked('learned');
    } catch (err) {
      logger.warn({ err }, 'Revio’s public keys could not be read');
      asked('failed');
    }
  }

  return {
    keys: () => current,
    async hasLearnedSince(judgedBy) {
      if (current !== judgedBy) return true;
      if (fetchKeys === undefined || waiting >= waitingMax) return false;
      if (asking === undefined) {
        if (clock.monotonicMs() - askedAtMs < restMs) return false;
        askedAtMs = clock.monotonicMs();
        asking = ask(fetchKeys).finally(() => {
          asking = undefined;
        });
      }
      waiting += 1;
      try {
        await asking;
      } finally {
        waiting -= 1;
      }
      return current !== judgedBy;
    },
  };
}

const byPurpose = (keysOf: (purpose: KeyPurpose) => readonly KeyObject[]): KeyLists => ({
  webhook: keysOf('webhook'),
  company: keysOf('company'),
  relay: keysOf('relay'),
});
