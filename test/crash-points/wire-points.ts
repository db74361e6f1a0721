/** A border of a process, as it shows on the wire: what is made durable, told, acknowledged or asked there. */
export type Kind = 'commit' | 'publish' | 'ack' | 'call';

/**
 * `before`: it never leaves the process. `after`: it has had its effect, and the process hears no more of it: the answer to a COMMIT, a
 * publish or a call is withheld, an acknowledgement has gone out.
 */
export interface Border {
  kind: Kind;
  phase: 'before' | 'after';
}

export type From = 'service' | 'server';

/** Reads one connection: what comes from either side, in whole messages. */
export interface Reader {
  split(from: From, chunk: Buffer): Buffer[];
  bordersAt(from: From, message: Buffer): readonly Border[];
}

const border = (kind: Kind, phase: Border['phase']): Border => ({ kind, phase });

/** Cuts a stream into messages: `lengthOf` says how long the first one is, or undefined while that is not known yet. */
function splitter(lengthOf: (bytes: Buffer) => number | undefined): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    for (let length = lengthOf(rest); length !== undefined && length <= rest.length; length = lengthOf(rest)) {
      messages.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return messages;
  };
}

/** `FOR UPDATE` locks and changes nothing. */
const writing = /\b(insert\s+into|delete\s+from|update\s+(only\s+)?[\w."]+(\s+(as\s+)?\w+)?\s+set)\b/i;
/** Taken anew every few hundred milliseconds by whoever leads: no border of any flow. */
const ofNoFlow = /\bleases\b/i;

/**
 * PostgreSQL's protocol, version 3. A transaction counts when it has changed a row, and so does a statement without one: the looks of
 * workers and relays that find nothing would else be most of what is seen. A COMMIT that is sent before the answer to what it commits
 * counts by the texts.
 */
export function postgresReader(): Reader {
  let greeted = false; // The first message has no type before its length.
  const typed = (bytes: Buffer) => (bytes.length < 5 ? undefined : 1 + bytes.readInt32BE(1));
  const fromService = splitter((bytes) => {
    if (greeted) return typed(bytes);
    const length = bytes.length < 4 ? undefined : bytes.readInt32BE(0);
    greeted = length !== undefined && bytes.length >= length;
    return length;
  });
  const fromServer = splitter(typed);
  const prepared = new Map<string, string>();
  /** Sent and not answered, the oldest first. */
  const waiting: string[] = [];
  let begun = false;
  let inTransaction = false;
  let changed = false;

  function sent(text: string): readonly Border[] {
    const commits = /^\s*commit/i.test(text) && (changed || waiting.some(changes));
    waiting.push(text);
    return commits ? [border('commit', 'before')] : [];
  }

  function answered(tag: string): readonly Border[] {
    if (/^(BEGIN|START)/.test(tag)) [inTransaction, changed] = [true, false];
    if (/^(COMMIT|ROLLBACK)/.test(tag)) {
      const counts = tag.startsWith('COMMIT') && changed;
      [inTransaction, changed] = [false, false];
      return counts ? [border('commit', 'after')] : [];
    }
    if (!(Number(tag.split(' ').at(-1)) > 0) || !changes(waiting[0] ?? '')) return [];
    if (!inTransaction) return [border('commit', 'after')];
    changed = true;
    return [];
  }

  function toServer(message: Buffer): readonly Border[] {
    const [first = '', second = ''] = words(message);
    if (!begun) begun = true;
    else if (isOf(message, 'P')) prepared.set(first, second);
    else if (isOf(message, 'Q')) return sent(first);
    else if (isOf(message, 'B')) return sent(prepared.get(second) ?? '');
    return [];
  }

  return {
    split: (from, chunk) => (from === 'service' ? fromService(chunk) : fromServer(chunk)),
    bordersAt: (from, message) => {
      if (from === 'service') return toServer(message);
      if (isOf(message, 'Z')) waiting.shift();
      return isOf(message, 'C') ? answered(words(message)[0] ?? '') : [];
    },
  };
}

const changes = (text: string): boolean => writing.test(text) && !ofNoFlow.test(text);
const isOf = (message: Buffer, type: string): boolean => message[0] === type.charCodeAt(0);
/** The first strings of a message; each ends in a zero byte. */
const words = (message: Buffer): string[] => message.toString('utf8', 5).split('\0', 2);

const methodFrame = 1;
const basicClass = 60;
const publishMethod = 40;
/** The consumer's acknowledgement one way, the broker's confirmation the other. */
const ackMethod = 80;

/** AMQP 0-9-1: a protocol header of eight bytes, then frames of type, channel, size, payload and an end. */
export function amqpReader(): Reader {
  let greeted = false;
  const frame = (bytes: Buffer) => (bytes.length < 7 ? undefined : 7 + bytes.readUInt32BE(3) + 1);
  const fromService = splitter((bytes) => {
    if (greeted) return frame(bytes);
    greeted = bytes.length >= 8;
    return 8;
  });
  const fromServer = splitter(frame);
  return {
    split: (from, chunk) => (from === 'service' ? fromService(chunk) : fromServer(chunk)),
    bordersAt: (from, message) => {
      if (message[0] !== methodFrame || message.length < 11 || message.readUInt16BE(7) !== basicClass) return [];
      const method = message.readUInt16BE(9);
      if (from === 'server') return method === ackMethod ? [border('publish', 'after')] : [];
      if (method === publishMethod) return [border('publish', 'before')];
      return method === ackMethod ? [border('ack', 'before'), border('ack', 'after')] : [];
    },
  };
}

/** HTTP/1.1 without pipelining: what comes from the caller after an answer is the next request. */
export function httpReader(): Reader {
  let asked = false;
  return {
    split: (_from, chunk) => [chunk],
    bordersAt: (from) => {
      if (asked === (from === 'service')) return [];
      asked = from === 'service';
      return [border('call', asked ? 'before' : 'after')];
    },
  };
}
