/** What other processes may want to look at again. */
export const changeTopics = ['config', 'enrollment_requested', 'enrollment_decided', 'credential_requested', 'credential', 'secrets', 'keys', 'machine', 'instance'] as const;
export type ChangeTopic = (typeof changeTopics)[number];

/** A hint, never the truth: what changed is read from the tables. `ids` null means "look at everything". */
export type Change = { topic: ChangeTopic; ids: readonly string[] | null };

/** A change as it was told: `logId` is its row of change_log, by which a change heard twice is known. */
export type ToldChange = { logId: string | null; change: Change };

/** The one LISTEN/NOTIFY channel. */
export const changeChannel = 'trawling';

/** Postgres refuses payloads of 8000 bytes and more; some are left for the id of the row. */
const maxPayloadBytes = 7_900;

/** The change as it fits one NOTIFY: ids that do not are left out altogether, so that nobody misses one of them. */
export function fitChange({ topic, ids }: Change): Change {
  return Buffer.byteLength(JSON.stringify({ topic, ids })) <= maxPayloadBytes ? { topic, ids } : { topic, ids: null };
}

/** Null for anything that is not a change of ours, e.g. from a newer release. */
export function decodeChange(payload: string): ToldChange | null {
  const told = parseObject(payload);
  const change = told && changeOf(told['topic'], told['ids']);
  if (!change) return null;
  const logId = told['log_id'];
  return { logId: logId === undefined || logId === null ? null : String(logId), change };
}

/** Null when the topic is not known here. */
export function changeOf(topic: unknown, ids: unknown): Change | null {
  const known = changeTopics.find((one) => one === topic);
  return known === undefined ? null : { topic: known, ids: Array.isArray(ids) ? ids.map(String) : null };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
