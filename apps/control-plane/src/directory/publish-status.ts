import { DomainError, Uuid } from '@trawling/contracts';
import {
  createGroupCommit, type GroupCommit, INSTANCES_OF_ONE_KEY, notify, type PublishedStatus, type PublishResult, type Queryable, RefusedDataError, serviceInstanceStore,
} from '@trawling/database';
import type { Logger } from '@trawling/runtime';
import type { Caller } from '../auth/caller.js';
import { leaseSecondsOf, readStatus } from './read-status.js';

export type StatusWrites = GroupCommit<PublishedStatus, PublishResult>;

/** Statuses that come within a few milliseconds share a statement, as when a whole site starts or stops. */
export function openStatusWrites(pool: Queryable): StatusWrites {
  const { publishStatuses } = serviceInstanceStore(pool);
  return createGroupCommit<PublishedStatus, PublishResult>({
    name: 'statuses',
    keyOf: ({ status }) => status.instance_id,
    maxWeight: 200,
    maxWaitMs: 3,
    maxPending: 10_000,
    async write(statuses) {
      const results = await publishStatuses(statuses);
      const changed = statuses.filter((_, n) => results[n]?.changed).map(({ status }) => status.instance_id);
      // After the statuses, not with them: who misses this looks again within seconds.
      if (changed.length > 0) await notify(pool, { topic: 'instance', ids: changed });
      return results;
    },
  });
}

export type PublishStatusDeps = { statuses: Pick<StatusWrites, 'submit'>; now: () => Date };

/**
 * Takes a status into the directory; resolves when it is durable. The same or an older one of the same instance changes
 * nothing and is no error. Throws DomainError `invalid-request`, `unsupported-schema-version`, `instance-of-another-key`,
 * `rate-limited`, `unavailable`.
 */
export async function publishStatus(deps: PublishStatusDeps, input: { caller: Caller; body: object; log: Logger }): Promise<void> {
  const { caller, log } = input;
  const status = readStatus(input.body, { keyId: caller.keyId, now: deps.now() });
  const { instance_id: id } = status;
  const { verdict, changed } = await submit(deps, {
    apiKeyId: caller.keyId,
    status,
    botId: Uuid.safeParse(id).success ? id : null,
    leaseSeconds: leaseSecondsOf(status),
  });
  if (verdict === 'bot') throw new DomainError('instance-of-another-key', `${id} is a bot: its heartbeats say how it is`);
  if (verdict === 'too-many') {
    throw new DomainError('rate-limited', `At most ${INSTANCES_OF_ONE_KEY} instances of one API key are there or came within the hour`, { retry_after: 60 });
  }
  if (verdict === 'other-key') throw new DomainError('instance-of-another-key', `Instance ${id} is published with another API key and is not offline`);
  if (changed) log.info({ instance_id: id, service_name: status.service_name, status: status.health.status }, 'an instance changed');
}

/** What Postgres will not keep is the publisher's to mend, e.g. a time with hundreds of digits. */
const submit = ({ statuses }: PublishStatusDeps, status: PublishedStatus): Promise<PublishResult> =>
  statuses.submit(status).catch((error: unknown) => {
    throw error instanceof RefusedDataError ? new DomainError('invalid-request', 'The database cannot keep this status.') : error;
  });
