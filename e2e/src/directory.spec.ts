import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, instancesThere, signalProcess } from '@trawling/launcher';
import { InstanceStatus, INSTANCE_STATUS_MEDIA_TYPE, type InstanceView } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { launch, readConnection } from './support/launch.js';
import { fleetOf, startFleet, type SharedFleet } from './support/shared-fleet.js';

const Records = z.array(z.object({ name: z.string(), pid: z.int() }));
const SERVICES = ['control-plane', 'provisioner', 'sync-adapter'];

describe('the directory of a running fleet', () => {
  let fleet: SharedFleet;
  beforeAll(async () => void (fleet = await startFleet()));
  afterAll(() => fleet?.stop());

  const pidOf = (name: string): number => {
    const record = Records.parse(JSON.parse(readFileSync(join(fleet.stateDir, 'processes.json'), 'utf8'))).find((one) => one.name === name);
    if (!record) throw new Error(`${name} is not recorded`);
    return record.pid;
  };
  const find = async (params: Record<string, string>): Promise<InstanceView[]> => (await fleet.controlPlane.instances(params)).instances;
  const servicesThere = async (): Promise<InstanceView[]> => (await instancesThere(fleet.controlPlane)).filter(({ bot_id }) => bot_id === null);
  const names = (instances: InstanceView[]): string[] => instances.map(({ service_name }) => service_name).sort();

  it('has every service and the bot, healthy and with room, when npm start says that it runs', async () => {
    const instances = await instancesThere(fleet.controlPlane);

    expect(names(instances)).toEqual(['bot-agent', ...SERVICES]);
    expect(instances.filter(({ status, free_capacity }) => status !== 'healthy' || free_capacity === 0)).toEqual([]);
    expect(fleet.launcher.stdout()).toMatch(/Directory: control-plane healthy, sync-adapter healthy, provisioner healthy, bot-agent healthy \(strategy\.trend, room for \d+\)/);
  });

  it('finds who can run a trend strategy now and has room, with one question', async () => {
    expect((await find({ capability: 'strategy.trend', status: 'healthy', min_free_capacity: '1' })).map(({ bot_id }) => bot_id)).toEqual([fleet.botId]);
    expect(await find({ capability: 'strategy.trend,config.sign' })).toEqual([]);
  });

  it('has what each service answers itself on its own port', async () => {
    const { ports } = fleet.connection;
    for (const [name, port] of [['control-plane', 'control_plane_internal'], ['sync-adapter', 'sync_adapter_internal'], ['provisioner', 'provisioner']] as const) {
      const answer = await fetch(`http://127.0.0.1:${ports[port] ?? 0}/status`, { headers: { Accept: INSTANCE_STATUS_MEDIA_TYPE } });
      const said = InstanceStatus.parse(await answer.json());
      const [listed] = await find({ service: name, status: 'healthy' });
      expect([said.instance_id, said.capabilities, said.version]).toEqual([listed?.instance_id, listed?.capabilities, listed?.version]);
    }
  });

  it('shows a sync-adapter that was killed as offline by the server’s clock, and its successor as another instance', async () => {
    const [before] = await find({ service: 'sync-adapter', status: 'healthy' });
    const victim = identify(pidOf('sync-adapter'));
    if (!before || !victim) throw new Error('there is a sync-adapter');

    signalProcess(victim, 'SIGKILL');

    await until(async () => (await find({ service: 'sync-adapter', status: 'healthy' })).some(({ instance_id }) => instance_id !== before.instance_id), { timeoutMs: 60_000 });
    await until(async () => (await fleet.controlPlane.instance(before.instance_id)).status === 'offline', { timeoutMs: 90_000, intervalMs: 500 });
    expect((await fleet.controlPlane.instance(before.instance_id)).health_details['publish_interval_seconds']).toBe(10);
  }, 180_000);

  it('keeps for the next start that every service said goodbye', async () => {
    const before = await servicesThere();
    expect(names(before)).toEqual(SERVICES);

    fleet.launcher.pressCtrlC();
    await fleet.launcher.ended;
    const next = launch(['--state-dir', fleet.stateDir]);
    fleet = fleetOf({ stateDir: fleet.stateDir, connection: await readConnection(next, fleet.stateDir), launcher: next });

    for (const { instance_id } of before) {
      const gone = await fleet.controlPlane.instance(instance_id);
      expect(gone.status).toBe('offline');
      // Said, not noticed by the silence.
      expect(gone.history.slice(0, 2).map(({ to, reason }) => [to, reason])).toEqual([['offline', 'published'], ['draining', 'published']]);
    }
    expect(names(await servicesThere())).toEqual(SERVICES);
  }, 300_000);
});
