import { type JsonObject, JsonPatch, type VersionDiff } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { compare } from 'fast-json-patch';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { storedVersion } from '../change/save-version.js';
import { storedSettings } from './bot-settings-input.js';
import { findVisibleBot } from './find-visible-bot.js';

/** What changed from one version to another; either may be the newer one. Throws DomainError `bot-not-found` or `version-not-found`. */
export async function diffVersions(
  deps: { db: Transaction },
  input: { caller: Caller; botId: string; from: number; to: number },
): Promise<z.infer<typeof VersionDiff>> {
  const { botId, from, to } = input;
  await findVisibleBot(deps, input);
  const [before, after] = [await storedVersion(deps.db, botId, from), await storedVersion(deps.db, botId, to)];
  return {
    from,
    to,
    settings: patchOf(storedSettings(before.row.settings), storedSettings(after.row.settings)),
    payload: patchOf(content(before.payload), content(after.payload)),
  };
}

/** Without what differs between any two versions. */
function content(payload: { version: string; hash: string; issued_at: string }): object {
  const { version: _version, hash: _hash, issued_at: _issuedAt, ...rest } = payload;
  return rest;
}

/** RFC 6902. As JSON first: a member that is `undefined` is none. */
function patchOf(before: object, after: object): z.infer<typeof JsonPatch> {
  return JsonPatch.parse(compare(plain(before), plain(after)));
}

function plain(value: object): JsonObject {
  const copy: JsonObject = JSON.parse(JSON.stringify(value));
  return copy;
}
