import { InstanceDetail, type InstanceStatus } from '@trawling/contracts';
import { openDatabase, receiverBeatStore } from '@trawling/database';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { randomUUID } from 'node:crypto';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { statusOf } from '../testing/statuses.js';
import { sweepInstances } from './sweep-instances.js';

const controlPlane = useControlPlane();
let admin: Api;
let id: string;
beforeEach(async () => {
  admin = await controlPlane().as('admin');
  id = randomUUID();
});

const accept = async (status: InstanceStatus): Promise<void> => {
  expect((await admin.post('/openclaw/status').send(status)).status).toBe(204);
};
const seen = async (of = id) => InstanceDetail.parse((await admin.get(`/openclaw/instances/${of}`)).body);
/** Lets time pass for one instance: everything known of it is that much longer ago. */
const pass = (seconds: number) =>
  controlPlane().owner.pool.query(
    'UPDATE service_instance SET received_at = received_at - make_interval(secs => $2), lease_expires_at = lease_expires_at - make_interval(secs => $2) WHERE instance_id = $1',
    [id, seconds],
  );

describe('three intervals of silence', () => {
  const sweep = async () => {
    const database = await openDatabase({ url: controlPlane().controlPlaneUrl, poolSize: 2 });
    try {
      return await sweepInstances({ transaction: database.transaction, logger: createMemoryLogger().logger });
    } finally {
      await database.close();
    }
  };
  const receivers = (alive: number, gap: { from: number; to: number } | null = null) =>
    controlPlane().owner.pool.query(
      `INSERT INTO receiver_beat (kind, last_alive_at, gap_started_at, gap_ended_at)
       VALUES ('control-plane', now() - make_interval(secs => $1), now() - make_interval(secs => $2), now() - make_interval(secs => $3))
       ON CONFLICT (kind) DO UPDATE SET last_alive_at = excluded.last_alive_at, gap_started_at = excluded.gap_started_at, gap_ended_at = excluded.gap_ended_at`,
      [alive, gap?.from ?? null, gap?.to ?? null],
    );
  beforeEach(() => receivers(0));

  it.each([
    ['of the interval that it tells', { publish_interval_seconds: 30 }, 50, 91],
    ['of two minutes when it tells none', {}, 300, 361],
    ['of two minutes when it tells nonsense', { publish_interval_seconds: 'often' }, 300, 361],
    ['of ten seconds when it tells less', { publish_interval_seconds: 1 }, 4, 31],
  ])('%s are offline', async (_what, details, before, after) => {
    await accept(statusOf(id, { details }));
    await pass(before);
    expect(await seen()).toMatchObject({ status: 'healthy', expires_at: expect.any(String) });

    await pass(after - before);

    expect(await seen()).toMatchObject({ status: 'offline', free_capacity: 0, expires_at: null });
  });

  it('are told of once, and so is the return', async () => {
    await accept(statusOf(id));
    await pass(361);

    expect(await Promise.all([sweep(), sweep()]).then((swept) => swept.flat().filter((one) => one === id))).toEqual([id]);
    expect(await sweep()).not.toContain(id);
    await accept(statusOf(id, { sequence: 2 }));

    expect((await seen()).history).toMatchObject([
      { from: 'offline', to: 'healthy', reason: 'heard-again' },
      { from: 'healthy', to: 'offline', reason: 'silent' },
      { from: null, to: 'healthy', reason: 'published' },
    ]);
  });

  it.each([
    ['who fell silent while no receiver was there', 600, null, 700, 'healthy'],
    ['who had fallen silent before', 600, null, 961, 'offline'],
    ['until they had time to publish again', 1, { from: 700, to: 100 }, 800, 'healthy'],
    ['for no longer than the longest wait and one lease', 1, { from: 1300, to: 661 }, 1400, 'offline'],
  ])('after ten minutes without any receiver are not counted against those %s', async (_what, alive, gap, silent, expected) => {
    await accept(statusOf(id));
    await pass(silent);
    await receivers(alive, gap);

    await sweep();

    expect((await seen()).status).toBe(expected);
    expect((await seen()).history).toHaveLength(expected === 'healthy' ? 1 : 2);
  });

  it('call nobody offline after ten minutes without any receiver, though publishers come back spread over their longest wait', async () => {
    const { pool } = controlPlane().owner;
    await pool.query('TRUNCATE service_instance, instance_status_change, receiver_beat');
    const beat = () => receiverBeatStore(pool).beatAsReceiver('control-plane');
    const passForAll = (seconds: number) =>
      pool.query(
        `WITH s AS (UPDATE service_instance SET received_at = received_at - make_interval(secs => $1), lease_expires_at = lease_expires_at - make_interval(secs => $1))
         UPDATE receiver_beat SET last_alive_at = last_alive_at - make_interval(secs => $1), gap_started_at = gap_started_at - make_interval(secs => $1),
           gap_ended_at = gap_ended_at - make_interval(secs => $1)`, [seconds]);
    const say = (n: number, sequence: number) => accept(statusOf(`i${n}`, { sequence, details: { publish_interval_seconds: 30 } }));
    const offline = async () => (await admin.get('/openclaw/instances?status=offline&service=chimera')).body.instances.map((one: { instance_id: string }) => one.instance_id);
    const ids = [0, 1, 2, 3, 4, 5];
    await beat();
    for (const n of ids) await say(n, 1);

    await passForAll(600);
    // Number 5 is gone for good; the others come back one after the other.
    for (let sinceBack = 0; sinceBack <= 400; sinceBack += 10) {
      await beat();
      for (const n of ids.slice(0, 5)) if (sinceBack >= n * 75) await say(n, 2 + sinceBack);
      await sweep();
      if (sinceBack <= 300) expect(await offline()).toEqual([]);
      await passForAll(10);
    }

    expect(await offline()).toEqual(['i5']);
    expect((await seen('i4')).history).toHaveLength(1);
  });
});
