import { DomainError, Uuid } from '@trawling/contracts';
import { notify, type Queryable, serviceInstanceStore } from '@trawling/database';
import { actorOf, type Caller } from '../auth/caller.js';
import type { Logger } from '@trawling/runtime';
import { leaseSecondsOf, readStatus } from './read-status.js';

export type PublishStatusDeps = { pool: Queryable; now: () => Date };

/**
 * Takes a status into the directory. The same or an older one of the same instance changes nothing and is no error.
 * Throws DomainError `invalid-request`, `unsupported-schema-version`, `instance-of-another-key`.
 */
export async function publishStatus(deps: PublishStatusDeps, input: { caller: Caller; body: object; log: Logger }): Promise<void> {
  const { caller, log } = input;
  const status = readStatus(input.body, { keyId: caller.keyId, now: deps.now() });
  const { instance_id: id } = status;
  const { verdict, changed } = await serviceInstanceStore(deps.pool).publishStatus({
    apiKeyId: caller.keyId,
    status,
    botId: Uuid.safeParse(id).success ? id : null,
    leaseSeconds: leaseSecondsOf(status),
  });
  if (verdict === 'bot') throw new DomainError('instance-of-another-key', `${id} is a bot: its heartbeats say how it is`);
  if (verdict === 'other-key') throw new DomainError('instance-of-another-key', `Instance ${id} is published with another API key and is not offline`);
  if (!changed) return;
  log.info({ instance_id: id, service_name: status.service_name, status: status.health.status, actor: actorOf(caller) }, 'an instance changed');
  // After the status, not with it: one statement per status, and who misses this looks again within seconds.
  await notify(deps.pool, { topic: 'instance', ids: [id] });
}
