import { CONFIG_PATCH_MEDIA_TYPE, JsonObject, JsonPatch, type Sha256 } from '@trawling/contracts';
import { canonicalJson, jsonProblems, payloadHash } from '@trawling/domain';
import { applyPatch } from 'fast-json-patch';
import { type Host } from '../host.js';
import { parseJson } from './sync-http.js';

/** Sent with a hash whose payload is here: the difference will do. */
export const ACCEPT_PATCH = `${CONFIG_PATCH_MEDIA_TYPE}, application/json, application/problem+json`;

/** The last config this machine fetched and found genuine: what a delta starts from. */
export interface ConfigBase {
  /** Null when there is none. */
  hash(): Sha256 | null;
  /** Survives a restart if the disk takes it; without it, the next config comes whole. */
  keep(text: string, hash: Sha256): Promise<void>;
  /** The text that a patch makes of it; null when the patch is not one, or does not fit. */
  patched(patch: string): string | null;
}

/** Reads the base back; a file that is not what its hash says is as if it never was. */
export async function openConfigBase(host: Host, path: string): Promise<ConfigBase> {
  let current = await readBase(host, path);
  return {
    hash: () => current?.hash ?? null,
    keep: async (text, hash) => {
      if (current?.hash === hash) return;
      current = { text, hash };
      await host.writeAtomic(path, text).catch(() => undefined);
    },
    patched: (patch) => (current === null ? null : patchedText(current.text, patch)),
  };
}

async function readBase(host: Host, path: string): Promise<{ text: string; hash: Sha256 } | null> {
  const text = await host.readText(path);
  const payload = JsonObject.safeParse(parseJson(text ?? ''));
  if (text === null || !payload.success || jsonProblems(payload.data).length > 0) return null;
  const hash = payloadHash(payload.data);
  return payload.data['hash'] === hash ? { text, hash } : null;
}

/**
 * `copy` and `move` could double a document with every operation, and a difference between two configs needs neither:
 * such a patch is answered by asking for the whole payload.
 */
function patchedText(base: string, patch: string): string | null {
  const operations = JsonPatch.safeParse(parseJson(patch));
  if (!operations.success || operations.data.some(({ op }) => op === 'copy' || op === 'move')) return null;
  try {
    const result = applyPatch<unknown>(JSON.parse(base), operations.data, true, true, true);
    return canonicalJson(result.newDocument);
  } catch {
    return null;
  }
}
