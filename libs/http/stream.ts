import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import { createBreaker, ServerError } from './breaker.ts';
import { HttpUnavailable } from './client-errors.ts';
import type { ClientOptions } from './client-options.ts';
import { ExchangeFailed } from './exchange.ts';

/** Each is a connection for minutes; the other side serves fewer than these at once and says so. */
const connectionsMax = 16;
const connectMsMax = 3_000;
/** The other side counts what it is about to send before it answers. */
const headersMsMax = 20_000;
/** Between two pieces, while we would take more: a reader of ours who is slow does not count. */
const silenceMsMax = 30_000;
/** Longer than the other side's own deadline, which breaks off in an orderly way. */
const totalMsMax = 660_000;

export interface StreamedAnswer {
  status: number;
  /** Lower-case names; a repeated header is a list. */
  headers: IncomingHttpHeaders;
  /** To be read to its end or destroyed, which also stops the other side. */
  body: Readable;
}

interface StreamRequest {
  path: string;
  headers: Readonly<Record<string, string>>;
}

/** Answers of any length from one origin, in constant memory: on connections of their own, so that they never make short requests wait. */
export function createStreams(options: ClientOptions, base: URL) {
  const pool = new Pool(base.origin, {
    connections: connectionsMax,
    pipelining: 1,
    connect: { timeout: connectMsMax },
    headersTimeout: headersMsMax,
    bodyTimeout: silenceMsMax,
  });
  const breaker = createBreaker<StreamRequest, StreamedAnswer>({ ...options, name: `${options.name} streams` }, send);
  let open = 0;

  async function send({ path, headers }: StreamRequest): Promise<StreamedAnswer> {
    const { statusCode, ...answer } = await pool
      .request({
        method: 'GET',
        path: base.pathname.replace(/\/$/, '') + path,
        headers,
        signal: AbortSignal.timeout(totalMsMax),
      })
      .catch((error: unknown) => {
        throw new ExchangeFailed(
          /Timeout|Abort/.test((error as Error).name) ? 'timeout' : 'network',
          true,
          false,
          error,
        );
      });
    // Whoever reads it hears of an error too; whoever destroys it unread must not take the process along.
    answer.body.on('error', () => undefined);
    const response = { status: statusCode, headers: answer.headers, body: answer.body };
    if (statusCode >= 500) throw new ServerError(response);
    return response;
  }

  return {
    /** Resolves when the answer begins; throws HttpUnavailable when none does. Reading changes nothing, so all of it may be asked again. */
    open: async (request: StreamRequest): Promise<StreamedAnswer> => {
      if (open >= connectionsMax) throw new HttpUnavailable(options.name, 'overloaded', false);
      open += 1;
      let answer: StreamedAnswer;
      try {
        answer = await breaker.fire(request).catch((error: unknown) => {
          if (error instanceof ServerError) return error.response as StreamedAnswer;
          throw error;
        });
      } catch (error) {
        open -= 1;
        if (error instanceof ExchangeFailed) throw new HttpUnavailable(options.name, error.kind, true, error.cause);
        if ((error as { code?: unknown }).code === 'EOPENBREAKER') {
          throw new HttpUnavailable(options.name, 'breaker_open', false);
        }
        throw error;
      }
      answer.body.once('close', () => {
        open -= 1;
      });
      return answer;
    },
    /** Cuts what is still open: a stop does not wait for downloads. */
    close: async (): Promise<void> => {
      breaker.shutdown();
      await pool.destroy();
    },
  };
}
