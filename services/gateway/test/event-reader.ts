import http from 'node:http';

interface ReadEvent {
  id: string | undefined;
  name: string | undefined;
  data: Record<string, unknown>;
}

/** A reader of server-sent events: what has arrived so far. */
export interface EventReader {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The body of an answer that is no stream. */
  body: string;
  events: ReadEvent[];
  comments: number;
  retryMs: number | undefined;
  /** The server has ended the stream, or cut it. */
  closed: boolean;
  /** Reads no more, and leaves the connection open. */
  pause(): void;
  leave(): void;
}

/** Resolves with the answer's headers. */
export function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers, agent: false }, (response) => {
      const reader: EventReader = {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: '',
        events: [],
        comments: 0,
        retryMs: undefined,
        closed: false,
        pause: () => void response.pause(),
        leave: () => void request.destroy(),
      };
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        reader.body += chunk;
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) take(reader, block);
      });
      response.on('error', () => undefined); // said by `close`
      response.on('close', () => {
        reader.closed = true;
      });
      resolve(reader);
    });
    request.on('error', reject);
  });
}

function take(reader: EventReader, block: string): void {
  const fields = block.split('\n').map((line) => /^([a-z]*): ?(.*)$/.exec(line) ?? [line, '', '']);
  const field = (name: string) => fields.find(([, key]) => key === name)?.[2];
  const [retry, data] = [field('retry'), field('data')];
  if (retry !== undefined) reader.retryMs = Number(retry);
  if (data !== undefined) reader.events.push({ id: field('id'), name: field('event'), data: JSON.parse(data) });
  if (block.startsWith(':')) reader.comments += 1;
}
