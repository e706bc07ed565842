import { stat } from 'node:fs/promises';
import { DROPLET_HOST, JsonObject } from '@trawling/contracts';
import { realHost } from '../host.js';
import { machineSpecFor } from '../testing/machine-spec.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { machinePaths } from './machine-paths.js';
import { prepareGateway } from './prepare-gateway.js';

const folder = temporaryFolder();
const server = { url: 'http://127.0.0.1:9', botId: '00000000-0000-7000-8000-000000000001', rootPublicJwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } } as const;

describe('preparing the first start of a gateway', () => {
  const paths = () => machinePaths(folder.path());
  const prepare = (byte = 7) =>
    prepareGateway({
      host: realHost,
      spec: { ...machineSpecFor(server), host: DROPLET_HOST },
      paths: paths(),
      randomBytes: (size) => new Uint8Array(size).fill(byte),
    });

  it('makes a token, a file of secrets and a config that are its user’s alone, as OpenClaw demands', async () => {
    await prepare();

    const config = JsonObject.parse(JSON.parse((await realHost.readText(paths().openclawConfig)) ?? ''));
    expect(config).toMatchObject({ gateway: { mode: 'local', bind: 'loopback' }, secrets: { providers: { fleet: { path: paths().secrets } } } });
    expect(await realHost.readText(paths().secrets)).toBe('{}');
    expect(await realHost.readText(paths().gatewayToken)).toHaveLength(43);
    for (const file of [paths().gatewayToken, paths().secrets, paths().openclawConfig]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('leaves what is there', async () => {
    await prepare();
    await realHost.writeAtomic(paths().openclawConfig, '{"of":"the agent"}');
    await realHost.writeAtomic(paths().secrets, '{"llm_api_key":"sk"}');
    const token = await realHost.readText(paths().gatewayToken);

    await prepare(8);

    expect(await realHost.readText(paths().openclawConfig)).toBe('{"of":"the agent"}');
    expect(await realHost.readText(paths().secrets)).toBe('{"llm_api_key":"sk"}');
    expect(await realHost.readText(paths().gatewayToken)).toBe(token);
  });
});
