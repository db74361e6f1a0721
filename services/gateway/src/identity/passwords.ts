import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { createKeyed } from '#libs/runtime';

/** Hashes passwords. A port, so that tests can count the work without measuring time. */
export interface Passwords {
  hash(password: string): Promise<string>;
  verify(passwordHash: string, password: string): Promise<boolean>;
  /** A hash that no password has, as expensive to compare with as any other. */
  nobodysHash: string;
}

/** Argon2id (the library's default algorithm) with OWASP's first choice of parameters: some 80 ms of one core. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Two cores' worth. More at once would finish none earlier, and take 19 MiB each. */
const lanes = 2;
/** Waiting for its lane, the last of these is answered after four seconds; the next one is told to come back. */
const waitingMax = 50;

/** Throws `Overloaded` when too many wait for their turn. */
export async function argon2Passwords(): Promise<Passwords> {
  const inLane = createKeyed({ waitingMax });
  let turn = 0;
  const queued = <R>(work: () => Promise<R>): Promise<R> => {
    turn = (turn + 1) % lanes;
    return inLane(String(turn), work);
  };
  return {
    hash: (password) => queued(() => hash(password, cost)),
    verify: (passwordHash, password) => queued(() => verify(passwordHash, password)),
    nobodysHash: await hash(randomBytes(32), cost),
  };
}
