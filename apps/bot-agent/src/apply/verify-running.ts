import { type JsonObject, type JsonValue } from '@trawling/contracts';
import { isJsonObject } from '@trawling/domain';
import { GatewayError } from '../gateway/gateway-error.js';
import { type DegradedSecret } from '../gateway/openclaw-types.js';
import { type ApplyDeps } from './apply-deps.js';
import { waitUntilReady, waitUntilSettled } from './wait-for-gateway.js';

/**
 * The proof after a change: ready, the file is what runs, and every secret our settings refer to was found. OpenClaw
 * accepts references to secrets that are not there; for us that is a refusal. Returns the revision hash.
 */
export async function verifyRunning(deps: ApplyDeps, rendered: JsonObject): Promise<string | null> {
  await waitUntilReady(deps);
  await waitUntilSettled(deps);
  const { degradedSecretOwners } = await deps.api.status();
  const ours = degradedSecretOwners.filter((owner) => isOurs(owner, rendered));
  if (ours.length > 0) {
    const issues = ours.flatMap(({ paths, reason }) => paths.map((path) => ({ path, message: reason })));
    throw new GatewayError({ kind: 'rejected', code: 'SECRETS_DEGRADED', issues }, 'OpenClaw cannot resolve secrets of this config');
  }
  return (await deps.api.configGet()).configRevisionHash;
}

const isOurs = (owner: DegradedSecret, rendered: JsonObject): boolean => owner.paths.some((path) => valueAt(rendered, path) !== undefined);

function valueAt(config: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = config;
  for (const key of path.split('.')) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}
