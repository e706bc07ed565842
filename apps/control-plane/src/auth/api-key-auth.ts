import { DomainError } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { type Authenticator, bearerToken } from '@trawling/http';
import { authenticate } from './authenticate.js';
import { type Caller, mayChange } from './caller.js';

const scheme = { name: 'apiKey', description: 'An API key, made with the admin command line: `ttk_<id>_<secret>`.' };

/** Any key that is known. */
export const reader = (deps: { db: Transaction }): Authenticator<Caller> => ({
  ...scheme,
  authenticate: (req) => authenticate(deps, bearerToken(req)),
});

/** A key that may change things. Throws DomainError `forbidden` for a viewer's. */
export const writer = (deps: { db: Transaction }): Authenticator<Caller> => ({
  ...scheme,
  authenticate: async (req) => {
    const caller = await authenticate(deps, bearerToken(req));
    if (!mayChange(caller)) throw new DomainError('forbidden', 'A viewer’s key reads, it changes nothing');
    return caller;
  },
});
