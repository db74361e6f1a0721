// Every bound of the simulator, each with its reason. It is test equipment, so the bounds are wide; they exist because a
// runaway test or an abusive client must end in an answer, not in a process that eats the machine.

/** One MiB: the largest captured object is 6 KB, so nothing honest comes near it and a flood is cut early. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** Objects of one kind. 100 000 purchases are about 100 MB of memory and more than any load run here creates. */
export const OBJECTS_MAX = 100_000;

/** Card attempts of one purchase: enough for every story of failures, and it bounds the attempts and history on the wire. */
export const CARD_ATTEMPTS_MAX = 50;

/** Registered webhooks; each costs one 2048-bit key pair. */
export const WEBHOOKS_MAX = 20;

/** Finished deliveries that stay readable; with bodies of 4 KB this is 40 MB. Unfinished ones are never forgotten. */
export const DELIVERIES_KEPT_MAX = 10_000;

/** Deliveries under way at once over all objects: as many connections as a service's listen backlog takes without refusing. */
export const DELIVERIES_IN_FLIGHT_MAX = 64;

/** Identical copies that one `duplicate` fault sends at once: the thousand of the acceptance list. */
export const COPIES_MAX = 1000;

/** Of those copies, how many show up among a delivery's attempts. */
export const COPIES_SHOWN_MAX = 10;

/** Results on one page of the deliveries endpoint. */
export const PAGE_SIZE = 100;

/** Calls remembered one by one; the counts per route go on for ever. */
export const REQUESTS_KEPT_MAX = 1000;

/** Faults armed at once; a test arms a handful. */
export const FAULTS_MAX = 1000;

/** The longest `hang`: past the timeout of every client here, short enough that a forgotten one ends by itself. */
export const HANG_MS_MAX = 120_000;

/** A reordered event waits this long (simulated time) for the one that overtakes it, then goes alone. */
export const REORDER_HOLD_MS = 60_000;

/** How far one `advance` may go: a year covers every timer of the platform many times over. */
export const ADVANCE_MS_MAX = 365 * 24 * 3600 * 1000;

/** Minutes after the first try at which the platform was seen trying again (REVIO.md §5): eight retries, then silence. */
export const RETRY_MINUTES: readonly number[] = [0, 2, 8, 26, 80, 242, 728, 2186];

/** A purchase without `due` is payable for one hour (REVIO.md §3). */
export const DUE_DEFAULT_S = 3600;

/** Amounts are JSON integers on the wire, so the largest is the largest integer that a double carries exactly. */
export const AMOUNT_MAX_MINOR = Number.MAX_SAFE_INTEGER;

/** Changes of the books are written together after this pause, so that a burst costs one write of the state file. */
export const SAVE_DELAY_MS = 200;

/** The pause grows to this many times what the last write took: a tenth of the time, however large the books have become. */
export const SAVE_PAUSE_FACTOR = 10;
