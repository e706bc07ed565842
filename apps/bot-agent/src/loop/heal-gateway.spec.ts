import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { type ConfigVerdict } from '../apply/openclaw-cli.js';
import { realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { openAgentState } from '../state/agent-state.js';
import { MACHINE } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createGatewayHealer } from './heal-gateway.js';

const folder = temporaryFolder();

describe('a gateway that is down', () => {
  const open = async (verdict: ConfigVerdict = { valid: true }) => {
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await realHost.ensureDir(dir);
    const clock = createFakeClock();
    const process = { state: 'stopped' as 'stopped' | 'running', restarts: 0 };
    const heal = createGatewayHealer({
      host: realHost,
      paths,
      clock,
      machine: MACHINE,
      state: await openAgentState(realHost, paths),
      logger: createMemoryLogger().logger,
      gateway: { whenConnected: () => Promise.reject(new Error('down')), bootId: () => null, state: () => 'down' },
      control: { state: async () => process.state, restart: async () => void (process.restarts += 1) },
      cli: { validate: async () => verdict },
      reporter: { event: async () => undefined },
    });
    const later = async (ms: number) => {
      await clock.advance(ms);
      await heal();
    };
    return { paths, process, later };
  };

  it('is left alone before there was ever a config for it', async () => {
    const { paths, process, later } = await open({ valid: false, issues: [] });

    await later(60_000);

    expect(process.restarts).toBe(0);
    expect(await realHost.readText(paths.openclawConfig)).toBeNull();
  });

  it('is started again when it stopped for good although its config is fine, once a minute', async () => {
    const { paths, process, later } = await open();
    await realHost.writeAtomic(paths.openclawConfig, '{"fine":true}');

    await later(31_000);
    expect(process.restarts).toBe(1);
    await later(31_000);
    expect(process.restarts).toBe(1);
    await later(31_000);

    expect(process.restarts).toBe(2);
  });

  it('is not asked to start while it is starting', async () => {
    const { paths, process, later } = await open();
    process.state = 'running';
    await realHost.writeAtomic(paths.openclawConfig, '{"fine":true}');

    await later(31_000);
    await later(61_000);

    expect(process.restarts).toBe(0);
  });

  it('gets the config back that every machine starts from when OpenClaw refuses its first one', async () => {
    const { paths, process, later } = await open({ valid: false, issues: [{ path: '', message: 'broken' }] });
    await realHost.writeAtomic(paths.openclawConfig, '{"bogus":true}');

    await later(31_000);

    expect(process.restarts).toBe(1);
    expect(await realHost.readText(`${paths.openclawConfig}.broken`)).toBe('{"bogus":true}');
    expect(await realHost.readText(paths.openclawConfig)).toContain('"mode": "local"');
  });
});
