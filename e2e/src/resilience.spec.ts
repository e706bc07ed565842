import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  commandLine, differencesFrom, findByMarker, identify, isAlive, processesOfBot, signalProcess, type ProcessIdentity,
} from '@trawling/launcher';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { launch, readConnection } from './support/launch.js';
import { fleetOf, processesOf, startFleet, type SharedFleet } from './support/shared-fleet.js';
import { watchConfigChanges } from './support/watch-config-changes.js';

const Records = z.array(z.object({ name: z.string(), pid: z.int(), started: z.string() }));

describe('the fleet when its parts are killed', () => {
  let fleet: SharedFleet;
  beforeAll(async () => void (fleet = await startFleet()));
  afterAll(() => fleet?.stop());
  let watch: ReturnType<typeof watchConfigChanges>;
  afterEach(() => watch?.stop());

  const service = (name: string): ProcessIdentity => {
    const records = Records.parse(JSON.parse(readFileSync(join(fleet.stateDir, 'processes.json'), 'utf8')));
    const record = records.find((one) => one.name === name);
    if (!record) throw new Error(`${name} is not recorded`);
    return record;
  };
  /** A process of the bot's machine by what it runs. */
  const onMachine = (isIt: (command: string) => boolean): ProcessIdentity => {
    const found = processesOfBot(fleet.botId).find(({ pid }) => isIt(commandLine(pid).join(' ')));
    if (!found) throw new Error(`not on the machine: ${processesOfBot(fleet.botId).map(({ pid }) => commandLine(pid).join(' ')).join('\n')}`);
    return found;
  };
  const agent = () => onMachine((command) => command.includes('agent.js run'));
  const gateway = () => onMachine((command) => command.startsWith('openclaw-gateway') || command.includes('gateway run'));

  /** What runs for long: services, supervisor, agent, gateway. Jobs come and go. */
  const lasting = (): string[] =>
    processesOf(fleet.stateDir)
      .map((pid) => `${pid} ${commandLine(pid).join(' ')}`)
      .filter((line) => /dist\/(?:main|supervisor)\.js|agent\.js run|openclaw-gateway|gateway run/.test(line))
      .sort();

  type Moment = 'as soon as it is accepted' | 'when OpenClaw has half of it';
  const cases: [string, Moment, () => ProcessIdentity][] = [
    ['control-plane', 'as soon as it is accepted', () => service('control-plane')],
    ['sync-adapter', 'as soon as it is accepted', () => service('sync-adapter')],
    ['provisioner', 'as soon as it is accepted', () => service('provisioner')],
    ['agent', 'as soon as it is accepted', agent],
    ['agent', 'when OpenClaw has half of it', agent],
    ['gateway', 'when OpenClaw has half of it', gateway],
  ];

  it.each(cases)('is synced again within 60 s after the restart of a killed %s, killed in a change %s, and no version is applied twice', async (_name, moment, find) => {
    const before = await fleet.untilBot((bot) => bot.sync_status === 'synced' && bot.online);
    const victim = find();
    const [first] = fleet.connection.bots;
    if (!first) throw new Error('connection.json names no gateway');
    watch = watchConfigChanges({ url: first.gateway_url, token: first.gateway_token }, () => {
      // The settings are in; the jobs and the ack are not.
      if (moment === 'when OpenClaw has half of it') signalProcess(victim, 'SIGKILL');
    });
    await until(() => watch.isConnected(), { timeoutMs: 30_000 });

    const strictness = before.settings.strictness === 'high' ? 'low' : 'high';
    const timezone = before.settings.timezone === 'Asia/Tokyo' ? 'Europe/Paris' : 'Asia/Tokyo';
    const change = await fleet.controlPlane.patchBot(fleet.botId, { strictness, timezone });
    if (moment === 'as soon as it is accepted') signalProcess(victim, 'SIGKILL');
    await until(() => !isAlive(victim), { timeoutMs: 30_000 });
    // The minute begins when what was killed is back: on a busy machine OpenClaw alone takes most of one to start.
    const client = await fleet.gateway(120_000);

    await fleet.untilSynced(change.desired_version, 60_000);
    const version = await fleet.controlPlane.getVersion(fleet.botId, change.desired_version);
    expect(await differencesFrom(version, client)).toEqual([]);
    await until(() => isAlive(find()), { timeoutMs: 60_000 });
    expect(watch.hashes).toHaveLength(1);
  });

  it('refuses a second launcher on the same state folder, and says what to do', async () => {
    const second = launch(['--state-dir', fleet.stateDir]);

    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/already runs on this state folder .* --state-dir/);
  });

  it('is taken over by the next npm start after kill -9 of the launcher, with the same processes and no second one', async () => {
    const before = lasting();
    const old = service('control-plane');

    process.kill(-fleet.launcher.pid, 'SIGKILL');
    await fleet.launcher.ended;
    expect(isAlive(old)).toBe(true);
    const next = launch(['--state-dir', fleet.stateDir]);
    // connection.json of the killed one is still there: wait for what the new one says.
    await until(() => next.stdout().includes('Trawling Traders runs.'), { timeoutMs: 60_000 });
    fleet = fleetOf({ stateDir: fleet.stateDir, connection: await readConnection(next, fleet.stateDir), launcher: next });

    expect(next.stdout()).toMatch(/still running: .*control-plane/);
    expect(lasting()).toEqual(before);
    expect(service('control-plane')).toMatchObject({ pid: old.pid, started: old.started });
  });

  it('stops at Ctrl-C, by force when it takes too long, and leaves no process behind; the next npm start goes on with the same bot', async () => {
    const postmaster = Number(readFileSync(join(fleet.stateDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    const botId = fleet.botId;

    fleet.launcher.pressCtrlC();
    await fleet.launcher.ended;

    // By which of the two is a matter of time: on a busy machine the launcher's patience may end.
    expect(fleet.launcher.stdout()).toMatch(/^Stopped\.$|the rest is killed\.$/m);
    const left = () => [...processesOf(fleet.stateDir), ...findByMarker((entry) => entry.includes(botId)), identify(postmaster)].filter((one) => one !== null);
    await until(() => left().length === 0, { timeoutMs: 10_000, message: 'something is left behind' });
    expect(existsSync(join(fleet.stateDir, 'connection.json'))).toBe(false);

    const next = launch(['--state-dir', fleet.stateDir]);
    fleet = fleetOf({ stateDir: fleet.stateDir, connection: await readConnection(next, fleet.stateDir), launcher: next });
    expect(fleet.botId).toBe(botId);
    const bot = await fleet.untilBot((view) => view.online && view.sync_status === 'synced');
    expect(bot.applied_version).toBe(bot.desired_version);
  });
});
