import type { Response } from 'express';

/** Some hundred events. A reader who leaves more unread than this is gone or hostile; it may come back and go on where it was. */
const unreadBytesMax = 32 * 1024;

/** What a browser waits before it comes back when the connection breaks; it is told so once. */
const reconnectMs = 2_000;

interface StreamEvent {
  id?: string;
  name: string;
  data: unknown;
}

/** The response as a stream of server-sent events (HTML, 9.2). What is written to one that has ended is dropped. */
export interface EventStream {
  send(event: StreamEvent): void;
  /** A comment, which keeps proxies from cutting a silent connection, and shows us a reader who is gone. */
  beat(): void;
  /** Says how long to stay away, and ends. */
  end(event: StreamEvent, retryMs?: number): void;
}

/** Sends the headers; nothing but the stream may write to the response from here on. */
export function beginEventStream(response: Response): EventStream {
  response.status(200).set({
    'content-type': 'text/event-stream; charset=utf-8',
    // Some proxies collect an answer before they pass it on.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();

  const write = (text: string): void => {
    if (response.writableEnded || response.destroyed) return;
    response.write(text);
    if (response.writableLength > unreadBytesMax) response.destroy();
  };
  write(`retry: ${reconnectMs}\n\n`);
  return {
    send: (event) => write(textOf(event)),
    beat: () => write(':\n\n'),
    end: (event, retryMs) => {
      write((retryMs === undefined ? '' : `retry: ${retryMs}\n`) + textOf(event));
      response.end();
    },
  };
}

/** JSON has no line breaks of its own, so the data is one line. */
const textOf = ({ id, name, data }: StreamEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
