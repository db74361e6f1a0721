import type { Limit } from '#libs/rate-limits';
import type { Config } from '../config.ts';
import { forwardedRoutes } from '../forward.ts';

/**
 * A limit of some routes (REQUIREMENTS A5), of one user or one network, beside the general one that counts every request. The path of a forwarded
 * route is written as the table of those has it, to the letter: past Express a route finds its limits by that.
 */
export type RouteLimit = Limit & {
  routes: readonly { method: 'get' | 'post'; path: string }[];
  by: 'address' | 'user';
};

const quarterS = 15 * 60;
const hourS = 60 * 60;

/** Every request of a user, or of a network where nobody is logged in. */
export const generalLimit = (config: Config): Limit => ({
  name: 'general',
  max: config.RATE_LIMIT_GENERAL,
  windowS: 60,
  withoutDatabase: 'alone',
});

export const routeLimits = (config: Config): readonly RouteLimit[] => [
  {
    name: 'login',
    max: config.RATE_LIMIT_LOGIN,
    windowS: quarterS,
    withoutDatabase: 'refuse',
    by: 'address',
    routes: [{ method: 'post', path: '/api/v1/auth/login' }],
  },
  {
    name: 'register',
    max: config.RATE_LIMIT_REGISTER,
    windowS: hourS,
    withoutDatabase: 'refuse',
    by: 'address',
    routes: [{ method: 'post', path: '/api/v1/auth/register' }],
  },
  {
    // A stolen access token must not be a way to guess the password.
    name: 'password',
    max: config.RATE_LIMIT_LOGIN,
    windowS: quarterS,
    withoutDatabase: 'refuse',
    by: 'user',
    routes: [{ method: 'post', path: '/api/v1/auth/password' }],
  },
  {
    name: 'withdrawals',
    max: config.RATE_LIMIT_WITHDRAWALS,
    windowS: hourS,
    withoutDatabase: 'alone',
    by: 'user',
    routes: [{ method: 'post', path: '/api/v1/withdrawals' }],
  },
  {
    name: 'exports',
    max: config.RATE_LIMIT_EXPORTS,
    windowS: hourS,
    withoutDatabase: 'alone',
    by: 'user',
    // Whatever is called so, so that the next one is not forgotten.
    routes: forwardedRoutes
      .filter(({ path }) => path.endsWith('/export'))
      .map(({ path }) => ({ method: 'get', path: `/api/v1${path}` })),
  },
];
