import { type Host, realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createGatewayControl } from './gateway-control.js';
import { machinePaths } from './machine-paths.js';

const folder = temporaryFolder();
const now = () => new Date('2026-11-21T10:00:00.000Z');

describe('what the agent knows of the gateway’s process', () => {
  const onSystemd = (answer: { code: number | null; stdout: string }) => {
    const asked: string[] = [];
    const host: Host = { ...realHost, run: async (file, args) => (asked.push([file, ...args].join(' ')), { ...answer, stderr: '' }) };
    const spec = { host: { kind: 'systemd', agent_file: '/a', gateway_unit: 'gateway.service', gateway_hand: '/h' } } as const;
    return { asked, control: createGatewayControl({ host, spec, clock: { now }, paths: machinePaths(folder.path()) }) };
  };

  it.each([
    ['active', 'running'],
    ['activating', 'running'],
    ['failed', 'stopped'],
    ['inactive', 'stopped'],
    ['maintenance', 'unknown'],
  ])('is what systemd says of its unit: %s is %s', async (stdout, expected) => {
    const { asked, control } = onSystemd({ code: 0, stdout: `${stdout}\n` });

    expect(await control.state()).toBe(expected);
    expect(asked).toEqual(['systemctl show --property=ActiveState --value gateway.service']);
  });

  it('is unknown when systemd does not answer', async () => {
    expect(await onSystemd({ code: 1, stdout: '' }).control.state()).toBe('unknown');
    expect(await onSystemd({ code: null, stdout: 'active' }).control.state()).toBe('unknown');
  });

  it.each([
    ['held', 'stopped'],
    ['running', 'running'],
    ['backoff', 'running'],
  ])('is what the local supervisor wrote down: %s is %s', async (state, expected) => {
    const paths = machinePaths(folder.path());
    const control = createGatewayControl({ host: realHost, spec: { host: { kind: 'supervisor' } }, clock: { now }, paths });
    expect(await control.state()).toBe('unknown');

    await realHost.writeAtomic(paths.supervisor, JSON.stringify({ gateway: { state } }));

    expect(await control.state()).toBe(expected);
  });

  it('is started again by a change of one file of the agent’s, with no right of its own', async () => {
    const { asked, control } = onSystemd({ code: 0, stdout: '' });
    const paths = machinePaths(folder.path());
    await realHost.ensureDir(paths.agent);

    await control.restart();

    expect(await realHost.readText(paths.restartGateway)).toBe('2026-11-21T10:00:00.000Z\n');
    expect(asked).toEqual([]);
  });
});
