import { tokenMacMatches } from '@trawling/crypto';
import { BootReport, type JsonObject } from '@trawling/contracts';
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { shellVariables } from './settings-file.js';
import { userDataInput } from './testing/index.js';

const missing = ['bash', 'curl', 'openssl', 'timeout', 'mkfifo'].filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
const title = missing.length === 0 ? 'report-boot' : `report-boot (not checked: there is no ${missing.join(', no ')} here)`;
const [, tokenId = '', tokenSecret = ''] = /^tte_([0-9a-f-]{36})_(.{43})$/.exec(userDataInput().enrollment_token) ?? [];
const CREDENTIAL = `ttb_0190dddd-0000-7000-8000-000000000001_${'B'.repeat(42)}A`;

/** Another user than the one that runs this, for who may become one: nobody's id. */
const agentId = process.getuid?.() === 0 ? Number(spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout) : 0;
const [asRoot, notAsRoot] = agentId > 0 ? [it, ''] : [it.skip, ' (not checked: only root may become another user)'];

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

  const at = (name: string): string => join(folder, name);
  /** What the agent's user owns, as on a machine: its folder, and what is in it. */
  beforeEach(() => {
    chmodSync(folder, 0o711);
    mkdirSync(at('agent'), { mode: 0o700 });
    mkdirSync(at('bin'));
    // Who is not root is the agent's user already.
    if (agentId === 0) writeFileSync(at('bin/runuser'), '#!/bin/sh\nshift 3\nexec "$@"\n', { mode: 0o755 });
  });
  afterEach(() => {
    for (const name of ['agent', 'bin', 'written', 'token', 'settings', 'of-root']) rmSync(at(name), { recursive: true, force: true });
  });

  async function report(args: string[], files: { token?: string; machineToken?: string; credential?: string; port?: number }) {
    writeFileSync(at('token'), files.token ?? '', { mode: 0o600 });
    if (files.credential !== undefined) writeFileSync(at('agent/credential'), files.credential);
    if (files.machineToken !== undefined) writeFileSync(at('agent/token'), files.machineToken);
    for (const name of ['agent', 'agent/credential', 'agent/token']) if (agentId > 0 && existsSync(at(name))) lchownSync(at(name), agentId, agentId);
    const settings = {
      SYNC_ADAPTER_URL: `http://127.0.0.1:${files.port ?? (server.address() as AddressInfo).port}`,
      BOT_ID: userDataInput().bot_id,
      GENERATION: '3',
      AGENT_USER: 'nobody',
      TOKEN_FILE: at('token'),
      MACHINE_TOKEN_FILE: at('agent/token'),
      CREDENTIAL_FILE: at('agent/credential'),
      CA_BUNDLE_FILE: at('none'),
    };
    writeFileSync(at('settings'), shellVariables(settings));
    const script = join(__dirname, 'scripts/report-boot.sh');
    const env = { PATH: `${at('bin')}:${process.env['PATH']}`, TRAWLING_SETTINGS: at('settings') };
    await promisify(execFile)('bash', [script, ...args], { env });
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
    await report(['gateway', 'line 1'], { token: `tte_${tokenId}_${tokenSecret}`, credential: CREDENTIAL });

    expect(seen[0]?.headers.authorization).toBe(`Bearer ${CREDENTIAL}`);
    expect(BootReport.parse(JSON.parse(seen[0]?.body ?? '{}'))).toMatchObject({ stage: 'gateway', ok: false, error_line: 'line 1' });
  });

  it('holds nothing up when nobody listens, or when there is nothing to report with', async () => {
    await report(['agent'], { token: `tte_${tokenId}_${tokenSecret}`, port: 1 });
    await report(['agent'], {});

    expect(seen).toEqual([]);
  });

  it.each([
    ['a credential with instructions for curl', { credential: `x"\noutput = "${'WRITTEN'}"\nheader = "y` }],
    ['a credential with a second line', { credential: `${CREDENTIAL}\noutput = WRITTEN` }],
    ['a token that is none', { machineToken: `tte_$(id)_"}` }],
    ['a credential in the place of a token', { machineToken: CREDENTIAL }],
  ])('takes %s for nothing, and reports with the token that is root’s', async (_what, files) => {
    const written = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.replace('WRITTEN', at('written'))]));
    await report(['agent'], { token: `tte_${tokenId}_${tokenSecret}`, ...written });

    expect(seen).toHaveLength(1);
    expect(JSON.parse(seen[0]?.body ?? '{}')).toMatchObject({ token_id: tokenId });
    expect(seen[0]?.headers.authorization).toBeUndefined();
    expect(existsSync(at('written'))).toBe(false);
  });

  it('waits for no FIFO in the place of the credential', async () => {
    spawnSync('mkfifo', [at('agent/credential')]);
    await report(['agent'], { token: `tte_${tokenId}_${tokenSecret}` });

    expect(JSON.parse(seen[0]?.body ?? '{}')).toMatchObject({ token_id: tokenId });
  }, 30_000);

  asRoot(`reads what is the agent’s as the agent’s user, who gets at no file of root’s by a link${notAsRoot}`, async () => {
    writeFileSync(at('of-root'), CREDENTIAL, { mode: 0o600 });
    symlinkSync(at('of-root'), at('agent/credential'));
    await report(['agent'], {});

    expect(seen).toEqual([]);
  });
});
