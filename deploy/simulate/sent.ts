import type { Envelope, EventType } from '#libs/contracts';

/** A message whose type tells what is in it. */
type Sent = { [Type in EventType]: Envelope<Type> & { type: Type } }[EventType];

/** What has been sent since it was last asked, in the order of the commits. */
export function heardOf({ enqueued }: { enqueued: () => readonly Envelope[] }): () => readonly Sent[] {
  let heard = 0;
  return () => {
    const all = enqueued() as readonly Sent[];
    const news = heard === all.length ? [] : all.slice(heard);
    heard = all.length;
    return news;
  };
}
