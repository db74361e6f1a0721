import { Problem } from '#libs/http';

export const supportOnly = new Problem('forbidden', 403, { title: 'The token does not permit this' });
