import { type BotConfigPayload, CONFIG_PATCH_MEDIA_TYPE, CONFIG_SIGNATURE_HEADER, DELTA_BASE_HEADER, JsonPatch, type Sha256, type SigningKeySet } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { applyPatch } from 'fast-json-patch';
import { type Answer, type BotHttp } from './bot-http.js';
import { PayloadRefused, verifyPayload } from './verify-payload.js';

/** What a bot keeps of the config it applied. */
export type KnownConfig = {
  version: number;
  hash: Sha256;
  /** Null when it is too small for a patch: ten thousand of them are a lot of memory. */
  text: string | null;
};
export type FetchedConfig = { payload: BotConfigPayload; text: string; delta: boolean };

/**
 * The newest config, verified, or null when the known one is it. A patch that does not lead to what its ETag names is
 * forgotten and the whole payload asked for. Throws CallFailed and PayloadRefused.
 */
export async function fetchConfig(deps: { http: BotHttp; keySet: () => SigningKeySet }, input: {
  botId: string;
  known: KnownConfig | null;
  /** Above 0: the server holds the answer that long while there is nothing newer. */
  waitSeconds: number;
}): Promise<FetchedConfig | null> {
  const { botId, known, waitSeconds } = input;
  const ask = (headers: Record<string, string>, wait: number): Promise<Answer> =>
    deps.http({
      name: wait > 0 ? 'config wait' : 'config',
      method: 'GET',
      path: `/bots/${botId}/config${wait > 0 ? `?wait=${wait}` : ''}`,
      headers,
      expect: [200, 304],
      timeoutMs: (wait + 30) * 1000,
      patient: wait > 0,
    });
  const verify = (answer: Answer, text: string): Promise<BotConfigPayload> =>
    verifyPayload({
      text,
      etag: String(answer.headers['etag']),
      signature: String(answer.headers[CONFIG_SIGNATURE_HEADER.toLowerCase()]),
      botId,
      keySet: deps.keySet(),
      appliedVersion: known?.version ?? 0,
    });

  const accept: Record<string, string> = known?.text ? { Accept: `${CONFIG_PATCH_MEDIA_TYPE}, application/json` } : {};
  const answer = await ask(known ? { ...accept, 'If-None-Match': `"${known.hash}"` } : {}, known ? waitSeconds : 0);
  if (answer.status === 304) return null;
  if (known === null || !isPatch(answer)) return { payload: await verify(answer, answer.text), text: answer.text, delta: false };

  const text = patched(known, answer);
  try {
    if (text !== null) return { payload: await verify(answer, text), text, delta: true };
  } catch (error) {
    if (!(error instanceof PayloadRefused) || error.reason === 'unknown-key') throw error;
  }
  const full = await ask({}, 0);
  return { payload: await verify(full, full.text), text: full.text, delta: false };
}

const isPatch = (answer: Answer): boolean => String(answer.headers['content-type']).startsWith(CONFIG_PATCH_MEDIA_TYPE);

/** The patched text, or null when the patch is not one for what we have. */
function patched(known: KnownConfig, answer: Answer): string | null {
  if (known.text === null || answer.headers[DELTA_BASE_HEADER.toLowerCase()] !== `"${known.hash}"`) return null;
  try {
    const patch = JsonPatch.parse(JSON.parse(answer.text));
    return canonicalJson(applyPatch(JSON.parse(known.text), patch, true).newDocument);
  } catch {
    return null;
  }
}
