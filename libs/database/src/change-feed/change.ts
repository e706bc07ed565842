/** What other processes may want to look at again. */
export const changeTopics = ['config', 'enrollment_requested', 'enrollment_decided', 'credential_requested', 'credential', 'secrets', 'keys'] as const;
export type ChangeTopic = (typeof changeTopics)[number];

/** A hint, never the truth: what changed is read from the tables. `ids` null means "look at everything". */
export type Change = { topic: ChangeTopic; ids: readonly string[] | null };

/** The one LISTEN/NOTIFY channel. */
export const changeChannel = 'trawling';

/** Postgres refuses payloads of 8000 bytes and more. */
const maxPayloadBytes = 7_999;

/** The NOTIFY payload; ids that do not fit are left out altogether, so that nobody misses one of them. */
export function encodeChange({ topic, ids }: Change): string {
  const payload = JSON.stringify({ topic, ids });
  return Buffer.byteLength(payload) <= maxPayloadBytes ? payload : JSON.stringify({ topic, ids: null });
}

/** Null for anything that is not a change of ours, e.g. from a newer release. */
export function decodeChange(payload: string): Change | null {
  const change = parseObject(payload);
  const topic = changeTopics.find((known) => known === change?.['topic']);
  if (!change || !topic) return null;
  const ids: unknown = change['ids'];
  return { topic, ids: Array.isArray(ids) ? ids.map(String) : null };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
