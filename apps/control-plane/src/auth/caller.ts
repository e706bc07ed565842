import type { Role } from '@trawling/contracts';

/** Who asks, as its API key says. */
export type Caller = {
  keyId: string;
  role: Role;
  /** Null sees the whole fleet; else only this owner's bots exist for the caller. */
  ownerId: string | null;
};

/** As it stands in audit rows and in `created_by`. */
export const actorOf = (caller: Caller): string => `api-key:${caller.keyId}`;

/** Whether a bot exists for this caller. */
export const maySee = (caller: Caller, bot: { ownerId: string }): boolean =>
  caller.ownerId === null || caller.ownerId === bot.ownerId;

/** A publisher's key lies wherever a service runs: it reads nothing. */
export const mayRead = (caller: Caller): boolean => caller.role !== 'publisher';

/** Viewers read. */
export const mayChange = (caller: Caller): boolean => mayRead(caller) && caller.role !== 'viewer';

/** Services are no owner's: who sees one owner's bots only says nothing about them. */
export const mayPublish = (caller: Caller): boolean => caller.ownerId === null && ['publisher', 'operator', 'admin'].includes(caller.role);
