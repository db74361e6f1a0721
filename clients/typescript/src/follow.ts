/** One event of a stream. */
export interface StreamEvent {
  id: string | undefined;
  event: string;
  data: string;
}

/** An event has some hundred bytes; a line without an end is not from us. */
const lineCharsMax = 64 * 1024;

/** Reads server-sent events (WHATWG HTML §9.2) from an answer until it ends. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) return;
  let rest = '';
  let event: StreamEvent = { id: undefined, event: 'message', data: '' };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      if (rest.length > lineCharsMax) throw new Error('an event without an end');
      for (const line of lines) {
        if (line !== '') {
          event = withLine(event, line);
          continue;
        }
        if (event.data !== '') yield { ...event, data: event.data.slice(0, -1) };
        event = { id: undefined, event: 'message', data: '' };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function withLine(event: StreamEvent, line: string): StreamEvent {
  const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
  if (name === 'id') return { ...event, id: value };
  if (name === 'event') return { ...event, event: value };
  if (name === 'data') return { ...event, data: `${event.data}${value}\n` };
  return event; // comments, and fields of the future
}
