/** Why there is no answer. `overloaded` and `breaker_open`: the request was not even tried. */
export type UnavailableKind = 'timeout' | 'network' | 'breaker_open' | 'overloaded' | 'too_large';

/** The other side gave no answer that can be used. */
export class HttpUnavailable extends Error {
  override readonly name = 'HttpUnavailable';
  readonly kind: UnavailableKind;
  /**
   * False only if no byte of the request left this process. True means *unknown*: it may have been received and carried out,
   * and whoever moves money must read the outcome, never assume one.
   */
  readonly sent: boolean;

  constructor(peer: string, kind: UnavailableKind, sent: boolean, cause?: unknown) {
    super(`${peer}: ${kind}${sent ? ', outcome unknown' : ', nothing sent'}`, { cause });
    this.kind = kind;
    this.sent = sent;
  }
}
