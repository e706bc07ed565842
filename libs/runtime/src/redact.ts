export const HIDDEN = '[redacted]';

/** Our tokens keep their prefix and id: enough to find the row, useless without the secret. */
const patterns: [RegExp, string][] = [
  [/\b(tt[kbe]_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_[A-Za-z0-9_-]+/gi, `$1_${HIDDEN}`],
  [/\b(tt[kbe])_(?![0-9a-f]{8}-)[A-Za-z0-9_-]{8,}/gi, `$1_${HIDDEN}`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/\bsk-[A-Za-z0-9_-]{16,}/g, `sk-${HIDDEN}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s@/"]+@/gi, `$1:${HIDDEN}@`],
  [/(\\?"d\\?"\s*:\s*\\?")[A-Za-z0-9_-]{40,}/g, `$1${HIDDEN}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, HIDDEN],
];

/** Takes secrets out of a text by their looks: our tokens, Bearer values, provider keys, URL passwords, private keys. */
export function redact(text: string): string {
  return patterns.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}

const secretKey =
  /(?:authorization|token|secret|password|passphrase|apikey|privatekey|privatejwk|credential|masterkeys?|cookie)$|^(?:value|mac|databaseurl|redisurl)$/;

/** Whether a member with this name holds a secret, in snake_case, camelCase or header form. */
export const isSecretKey = (key: string): boolean => secretKey.test(key.toLowerCase().replaceAll(/[-_]/g, ''));

/** The usual spellings, for tools that want names rather than a question. */
export const secretNames = [
  'authorization', 'Authorization', 'cookie', 'set-cookie', 'token', 'tokens', 'secret', 'password', 'value', 'mac',
  'api_key', 'apiKey', 'credential', 'private_key', 'privateKey', 'private_jwk', 'privateJwk', 'master_key', 'MASTER_KEYS',
  'gateway_token', 'gatewayToken', 'enrollment_token', 'enrollmentToken', 'DATABASE_URL', 'REDIS_URL',
];

const MAX_DEPTH = 8;

/** A copy of `value` without secrets: members by their name (at any depth), texts by their looks. */
export function redactDeep(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, depth + 1));
  if (!isPlainObject(value)) return value;

  const isPrivateJwk = 'kty' in value && 'd' in value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (isPrivateJwk && key === 'd') return [key, HIDDEN];
      if (key === 'secrets') return [key, hideLeaves(member, depth + 1)];
      // Numbers and booleans under such a name (a metric's value, has_token) are no secrets.
      if (isSecretKey(key) && (typeof member === 'string' || Buffer.isBuffer(member))) return [key, HIDDEN];
      return [key, redactDeep(member, depth + 1)];
    }),
  );
}

/** Below `secrets` every text is hidden but names: `{ llm_api_key: 'sk…' }` as well as `[{ name, value }]`. */
function hideLeaves(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return HIDDEN;
  if (value === null || typeof value !== 'object') return value;
  if (depth > MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => hideLeaves(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'name' ? member : hideLeaves(member, depth + 1)]),
  );
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
