import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../scenarios/dice.ts';
import type { Answer as Received } from '../system/client.ts';
import type { Answer, Request } from './history.ts';

/** A restart of a server is over by then, and so is the next one. Who has no answer by then goes away, and never learns. */
const PATIENCE_MS = 90_000;
/** Enough to see what went wrong. */
const SURPRISES_MAX = 20;

/** What all clients have asked for, and what they were told. */
export interface Record {
  requests: Request[];
  /** What no client may see. */
  surprises: string[];
  surprise(text: string): void;
  /** Sends it once more. Never throws. */
  send(request: Request, ask: Ask): Promise<Answer>;
  /** Sends the same again until it is answered. */
  insist(request: Request, ask: Ask, dice: Dice): Promise<Answer>;
  begin(what: Request['what'], subject: string): Request;
}

type Ask = () => Promise<Received>;

export function newRecord(): Record {
  const requests: Request[] = [];
  const surprises: string[] = [];
  const surprise = (text: string): void => {
    if (surprises.length < SURPRISES_MAX) surprises.push(`${new Date().toISOString()} ${text}`);
  };
  const send = async (request: Request, ask: Ask): Promise<Answer> => {
    const answer = await ask().then(answerOf, (error: Error): Answer => {
      if (isUndescribed(error)) surprise(`${request.what}: ${error.message}`);
      return { result: 'info', why: error.name };
    });
    request.answers.push(answer);
    return answer;
  };
  return {
    requests,
    surprises,
    surprise,
    send,
    insist: async (request, ask, dice) => {
      for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(100 + dice.number(900))) {
        const answer = await send(request, ask);
        if (answer.result !== 'info' || Date.now() > deadline) return answer;
      }
    },
    begin: (what, subject) => {
      const request: Request = { what, subject, answers: [] };
      requests.push(request);
      return request;
    },
  };
}

/** An answer came, but not one of those that docs/openapi.json knows. */
export const isUndescribed = ({ message }: Error): boolean => message.startsWith('not as described');

/** 409 `request_in_progress` and 429 decide nothing, no more than 5xx does. */
function answerOf({ status, body }: Received): Answer {
  const why = `${status} ${body?.code ?? ''}`;
  if (status < 300) return { result: 'ok', id: body.id };
  const isUndecided = status >= 500 || status === 429 || body?.code === 'request_in_progress';
  return isUndecided ? { result: 'info', why } : { result: 'fail', code: why };
}
