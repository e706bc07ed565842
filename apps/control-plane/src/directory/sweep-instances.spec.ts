import { InstanceDetail } from '@trawling/contracts';
import { openDatabase } from '@trawling/database';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { makeBot } from '../testing/bots.js';
import { heartbeat } from '../testing/heartbeats.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { statusOf, type StatusSays } from '../testing/statuses.js';
import { pruneInstances, sweepInstances, type SweepInstancesDeps } from './sweep-instances.js';

const controlPlane = useControlPlane();
let operator: Api;
beforeAll(async () => {
  operator = await controlPlane().as('operator');
});
beforeEach(() => controlPlane().owner.pool.query('TRUNCATE service_instance, instance_status_change, bot_reported; UPDATE bot SET decommissioned_at = now()'));

const bot = () => makeBot(operator, { owner_id: 'alice' });
const publish = async (id: string, says: StatusSays = {}): Promise<void> => {
  expect((await operator.post('/openclaw/status').send(statusOf(id, says))).status).toBe(204);
};
const history = async (id: string) => {
  const { history: entries } = InstanceDetail.parse((await operator.get(`/openclaw/instances/${id}`)).body);
  return entries.map(({ from, to, reason }) => `${from}>${to} ${reason}`).reverse();
};
/** With the rights of the control plane. */
async function asControlPlane<T>(run: (deps: SweepInstancesDeps) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url: controlPlane().controlPlaneUrl, poolSize: 2 });
  try {
    return await run({ transaction: database.transaction, logger: createMemoryLogger().logger });
  } finally {
    await database.close();
  }
}
const sweep = () => asControlPlane(sweepInstances);

describe('the history of a bot', () => {
  it('begins with its first heartbeat and says each change once', async () => {
    const botId = await bot();
    expect(await sweep()).toEqual([]);

    await heartbeat(controlPlane(), botId);
    expect(await sweep()).toEqual([botId]);
    await heartbeat(controlPlane(), botId, { health: 'unhealthy' });
    await Promise.all([sweep(), sweep()]);
    await heartbeat(controlPlane(), botId, { health: 'unhealthy' }, 101);
    await sweep();
    await sweep();
    await heartbeat(controlPlane(), botId);
    await sweep();
    await operator.delete(`/bots/${botId}`);
    await sweep();

    expect(await history(botId)).toEqual(['null>healthy published', 'healthy>degraded published', 'degraded>offline silent', 'offline>healthy heard-again', 'healthy>draining published']);
  });

  it('does not take a silence of the sync-adapters for one of the bots', async () => {
    const botId = await bot();
    await heartbeat(controlPlane(), botId);
    await sweep();
    await controlPlane().owner.pool.query("INSERT INTO receiver_beat (kind, last_alive_at) VALUES ('sync-adapter', now() - interval '10 minutes') ON CONFLICT (kind) DO UPDATE SET last_alive_at = excluded.last_alive_at");

    await heartbeat(controlPlane(), botId, {}, 660);

    expect(await sweep()).toEqual([]);
    expect(await history(botId)).toEqual(['null>healthy published']);
  });

  it('ends with the bot', async () => {
    const botId = await bot();
    await heartbeat(controlPlane(), botId);
    await sweep();

    await controlPlane().owner.pool.query('UPDATE bot SET decommissioned_at = now() WHERE id = $1', [botId]);

    expect(await sweep()).toEqual([botId]);
    expect(await sweep()).toEqual([]);
  });
});

describe('after the time for which they are kept', () => {
  const prune = (instancesRetentionDays: number) => asControlPlane((deps) => pruneInstances({ ...deps, instancesRetentionDays }));
  const age = (days: number) => controlPlane().owner.pool.query(
    `WITH s AS (UPDATE service_instance SET received_at = received_at - make_interval(days => $1), lease_expires_at = lease_expires_at - make_interval(days => $1))
     UPDATE instance_status_change SET at = at - make_interval(days => $1)`, [days]);
  const there = async (id: string) => (await operator.get(`/openclaw/instances/${id}`)).status === 200;

  it('services that said goodbye or fell silent are forgotten with their history; others stay', async () => {
    await publish('goodbye', { health: 'offline' });
    await publish('silent');
    await age(8);
    await publish('alive');
    await publish('just-gone', { health: 'offline' });
    await sweep();

    await prune(7);

    expect(await Promise.all(['goodbye', 'silent', 'alive', 'just-gone'].map(there))).toEqual([false, false, true, true]);
    const { rows } = await controlPlane().owner.pool.query('SELECT instance_id FROM instance_status_change ORDER BY 1');
    // What fell silent was told of a moment ago; that goes with its own time.
    expect(rows.map((one) => one.instance_id)).toEqual(['alive', 'just-gone', 'silent']);
  });

  it('are not forgotten before', async () => {
    await publish('goodbye', { health: 'offline' });
    await age(6);

    await prune(7);

    expect(await there('goodbye')).toBe(true);
  });

  it('old history goes, but for the newest of whoever is there', async () => {
    const botId = await bot();
    await heartbeat(controlPlane(), botId);
    await sweep();
    await heartbeat(controlPlane(), botId, { health: 'degraded' });
    await sweep();
    await age(8);
    await publish('alive');

    await prune(7);

    expect(await history(botId)).toEqual(['healthy>degraded published']);
    expect(await sweep()).toEqual([]);
  });
});
