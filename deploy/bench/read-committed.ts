import pg from 'pg';

/**
 * Loaded before a wallet (`node --import`), it makes SERIALIZABLE transactions READ COMMITTED ones, so that there is something to compare them
 * with. It stands here and not in the service, where nobody is to have that choice.
 */
const { query } = pg.Client.prototype;
const weaken = (text: string): string =>
  text
    .replace('ISOLATION LEVEL SERIALIZABLE', 'ISOLATION LEVEL READ COMMITTED')
    .replace(`<> 'serializable'`, `<> 'read committed'`);

pg.Client.prototype.query = function weakened(this: pg.Client, config: string | { text: string }, ...rest: unknown[]) {
  const weaker = typeof config === 'string' ? weaken(config) : { ...config, text: weaken(config.text) };
  return (query as (...args: unknown[]) => unknown).call(this, weaker, ...rest);
} as typeof query;
