import { DomainError } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { type Authenticator, bearerToken } from '@trawling/http';
import { authenticate } from './authenticate.js';
import { type Caller, mayChange, mayPublish, mayRead } from './caller.js';

const scheme = { name: 'apiKey', description: 'An API key, made with the admin command line: `ttk_<id>_<secret>`.' };

/** Throws DomainError `forbidden` with this reason unless the key may. */
const keyThat = (may: (caller: Caller) => boolean, otherwise: (caller: Caller) => string) => (deps: { db: Transaction }): Authenticator<Caller> => ({
  ...scheme,
  problems: ['forbidden'],
  authenticate: async (req) => {
    const caller = await authenticate(deps, bearerToken(req));
    if (!may(caller)) throw new DomainError('forbidden', otherwise(caller));
    return caller;
  },
});

const PUBLISHES_ONLY = 'A publisher’s key publishes a status, nothing else';

/** Any key that is known but a publisher's. */
export const reader = keyThat(mayRead, () => PUBLISHES_ONLY);

/** A key that may change things. Throws DomainError `forbidden` for a viewer's and a publisher's. */
export const writer = keyThat(mayChange, (caller) => (mayRead(caller) ? 'A viewer’s key reads, it changes nothing' : PUBLISHES_ONLY));

/** A key that may publish the status of a service. Throws DomainError `forbidden` for a viewer's and for whoever sees one owner's bots only. */
export const publisher = keyThat(mayPublish, () => 'Statuses of services are published with a key of role publisher, operator or admin that is not narrowed to an owner');
