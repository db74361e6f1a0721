import { gatewayHop } from './gateway-hop.ts';
import type { Figure } from './measure.ts';
import { outboxToConsumer } from './outbox-to-consumer.ts';
import type { PrivateServers } from './private-servers.ts';
import { relayDrain } from './relay-drain.ts';
import { holdsAlone, holdsBatched, isolation, largeLedger, oneHotWallet } from './wallet-figures.ts';
import { webhookIntake } from './webhook-intake.ts';

export interface FigureDefinition {
  id: string;
  what: string;
  unit: 'per second' | 'ms';
  /** What the ratio of ours to the baseline must keep: a rate from `floor` on, a time up to it. */
  floor: number;
  aim: number;
  make(servers: PrivateServers, root: string, tell: (text: string) => void): Promise<Figure>;
}

/** Issue 6, section 4. Each takes half a minute, B8 some minutes more to fill its ledger with `entries`. */
export const figuresOf = (entries: number): readonly FigureDefinition[] => [
  rate('B1 alone', 'holds over HTTP, one transaction each ÷ pgbench, the same statement', 0.45, 1, holdsAlone),
  rate('B1', 'holds over HTTP, batched ÷ pgbench, the same statement one by one', 0.8, 1, holdsBatched),
  rate('B2', 'holds of one hot wallet ÷ B1', 0.3, 0.5, oneHotWallet),
  rate('B3', 'B1 at SERIALIZABLE ÷ at READ COMMITTED', 0.92, 0.97, isolation),
  rate('B4', 'webhook intake with RSA verification ÷ without', 0.7, 0.8, webhookIntake),
  rate('B5', 'relay drain ÷ confirmed publishes of amqplib, 100 in flight', 0.8, 1, relayDrain),
  time('B6', 'outbox row → consumer, p50 ÷ one confirmed publish', 5, 3.5, outboxToConsumer),
  time('B7', 'gateway hop added, p50 ÷ a bare node:http + undici hop', 2.5, 1.7, gatewayHop),
  rate('B8', `B1 at ${entries} ledger entries ÷ B1 at the beginning`, 0.9, 1, largeLedger(entries)),
];

function rate(id: string, what: string, floor: number, aim: number, make: FigureDefinition['make']): FigureDefinition {
  return { id, what, unit: 'per second', floor, aim, make };
}

function time(id: string, what: string, floor: number, aim: number, make: FigureDefinition['make']): FigureDefinition {
  return { id, what, unit: 'ms', floor, aim, make };
}

export const isKept = ({ unit, floor }: FigureDefinition, ratio: number): boolean =>
  unit === 'ms' ? ratio <= floor : ratio >= floor;
