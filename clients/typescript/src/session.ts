import type { Tokens } from './api.ts';

/** What is worth keeping between two starts of a program; where is up to the program, and nobody else should read it. */
export interface KeptTokens {
  accessToken: string;
  refreshToken: string;
  /** Unix time in milliseconds. */
  expiresAt: number;
}

/** Before its end, so that a request does not arrive with a token that ended on the way. */
const earlyMs = 30_000;

/** Holds the tokens of a user and gets new ones in time, once for all the calls that wait for them. */
export function createSession(
  refresh: (refreshToken: string) => Promise<Tokens>,
  {
    kept,
    onTokens,
  }: { kept?: KeptTokens | undefined; onTokens?: ((tokens: KeptTokens | undefined) => void) | undefined },
) {
  let tokens = kept;
  let refreshing: Promise<void> | undefined;

  const keep = (fresh: KeptTokens | undefined): void => {
    tokens = fresh;
    onTokens?.(fresh);
  };
  const take = ({ access_token: accessToken, refresh_token: refreshToken, expires_in: seconds }: Tokens): void =>
    keep({ accessToken, refreshToken, expiresAt: Date.now() + seconds * 1_000 });

  /** A refresh token is good for one refresh: two at once would look like a theft and end the session. */
  const renew = (): Promise<void> => {
    refreshing ??= (async () => {
      if (tokens === undefined) return;
      take(await refresh(tokens.refreshToken));
    })().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };

  return {
    take,
    forget: () => keep(undefined),
    refreshToken: (): string | undefined => tokens?.refreshToken,
    /** A token that lasts; undefined without a login. */
    async accessToken(): Promise<string | undefined> {
      if (tokens !== undefined && tokens.expiresAt - Date.now() < earlyMs) await renew();
      return tokens?.accessToken;
    },
    /** After a 401 with `rejected`: true if there is another token now. */
    async renewed(rejected: string): Promise<boolean> {
      if (tokens === undefined) return false;
      if (tokens.accessToken === rejected) await renew();
      return tokens?.accessToken !== rejected;
    },
  };
}
