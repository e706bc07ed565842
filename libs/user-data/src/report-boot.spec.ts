import { tokenMacMatches } from '@trawling/crypto';
import { BootReport, type JsonObject } from '@trawling/contracts';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { shellVariables } from './settings-file.js';
import { userDataInput } from './testing/index.js';

const missing = ['bash', 'curl', 'openssl'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
const title = missing.length === 0 ? 'report-boot' : `report-boot (not checked: there is no ${missing.join(', no ')} here)`;
const [, tokenId = '', tokenSecret = ''] = /^tte_([0-9a-f-]{36})_(.{43})$/.exec(userDataInput().enrollment_token) ?? [];

(missing.length === 0 ? describe : describe.skip)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-boot-'));
  const seen: { path: string; headers: IncomingMessage['headers']; body: string }[] = [];
  let server: Server;

  beforeAll(async () => {
    server = createServer((req, res) => {
      void text(req).then((body) => {
        seen.push({ path: req.url ?? '', headers: req.headers, body });
        res.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => void seen.splice(0));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  async function report(args: string[], files: { token?: string; credential?: string; port?: number }) {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('token'), files.token ?? '');
    writeFileSync(at('credential'), files.credential ?? '');
    const settings = {
      SYNC_ADAPTER_URL: `http://127.0.0.1:${files.port ?? (server.address() as AddressInfo).port}`,
      BOT_ID: userDataInput().bot_id,
      GENERATION: '3',
      TOKEN_FILE: at('token'),
      MACHINE_TOKEN_FILE: at('none'),
      CREDENTIAL_FILE: at('credential'),
      CA_BUNDLE_FILE: at('none'),
    };
    writeFileSync(at('settings'), shellVariables(settings));
    const script = join(__dirname, 'scripts/report-boot.sh');
    await promisify(execFile)('bash', [script, ...args], { env: { PATH: process.env['PATH'], TRAWLING_SETTINGS: at('settings') } });
  }

  it.each([[['agent']], [['openclaw_install', 'line 7: npm "ci" \\ failed:\n\tENOTFOUND \u00e9']]])(
    'reports %j before enrollment with a MAC that the control plane can check',
    async (args) => {
      await report(args, { token: `tte_${tokenId}_${tokenSecret}\n` });

      const [{ path, body } = { path: '', body: '{}' }] = seen;
      const { mac, ...value }: { mac: string } & JsonObject = JSON.parse(body);
      expect(BootReport.safeParse({ mac, ...value }).error).toBeUndefined();
      expect(path).toBe(`/bots/${userDataInput().bot_id}/boot`);
      expect(value).toMatchObject({ stage: args[0], ok: args.length === 1, generation: 3, token_id: tokenId });
      expect(tokenMacMatches(mac, { tokenSecret, tokenId, purpose: 'boot', value })).toBe(true);
      expect(body).not.toContain(tokenSecret);
    },
  );

  it('reports with the credential once there is one', async () => {
    await report(['gateway', 'line 1'], { token: `tte_${tokenId}_${tokenSecret}`, credential: 'ttb_x' });

    expect(seen[0]?.headers.authorization).toBe('Bearer ttb_x');
    expect(BootReport.parse(JSON.parse(seen[0]?.body ?? '{}'))).toMatchObject({ stage: 'gateway', ok: false, error_line: 'line 1' });
  });

  it('holds nothing up when nobody listens, or when there is nothing to report with', async () => {
    await report(['agent'], { token: `tte_${tokenId}_${tokenSecret}`, port: 1 });
    await report(['agent'], {});

    expect(seen).toEqual([]);
  });
});
