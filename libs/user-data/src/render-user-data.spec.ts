import { DROPLET, gatewayEnvironment, MachineSpec } from '@trawling/contracts';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { renderCloudConfig } from './cloud-config.js';
import { DROPLET_FILES } from './droplet-files.js';
import { MAX_USER_DATA_BYTES, renderUserData } from './render-user-data.js';
import { userDataInput } from './testing/index.js';

const PEM = `-----BEGIN CERTIFICATE-----\n${'QUJD'.repeat(16)}\n-----END CERTIFICATE-----\n`;

/** As cloud-init reads it: PyYAML speaks YAML 1.1. */
type Written = { path: string; permissions: string; content: string };
const read = (text: string): { write_files: Written[]; [key: string]: unknown } => parse(text, { version: '1.1' });
const contentOf = (text: string, path: string): string => read(text).write_files.find((file) => file.path === path)?.content ?? 'none';

function cloudInitProblems(text: string): string[] {
  const schema = JSON.parse(readFileSync(join(__dirname, '../schema/cloud-init-schema-25.1.4.json'), 'utf8'));
  // It calls itself draft-04 and uses no keyword that later drafts changed ("exclusiveMinimum", "id").
  delete schema.$schema;
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(schema);
  return validate(parse(text, { version: '1.1' })) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe('the user data of a machine', () => {
  const variants = {
    plain: userDataInput(),
    'with a private authority and mirrors': userDataInput({
      ca_certificate_pem: PEM,
      data_retrieval_url: 'https://prices.example.com',
      sources: { npm_registry: 'http://mirror.example.com:4873/npm', apt: { primary: 'http://mirror.example.com/debian', security: 'http://mirror.example.com/debian-security' } },
    }),
  };

  it.each(Object.entries(variants))('is what cloud-init takes: %s', (_name, input) => {
    expect(cloudInitProblems(renderUserData(input))).toEqual([]);
  });

  it('would not pass with a misspelt key, an unquoted mode or a wrong type: the check can fail', () => {
    const text = renderUserData(userDataInput());

    expect(cloudInitProblems(text.replace('runcmd:', 'runcmdd:'))).not.toEqual([]);
    expect(cloudInitProblems(text.replace('permissions: "0644"', 'permissions: 0644'))).not.toEqual([]);
    expect(cloudInitProblems(text.replace('package_update: false', 'package_update: never'))).not.toEqual([]);
  });

  it.each(Object.entries(variants))('is printable ASCII and small: %s', (_name, input) => {
    const text = renderUserData(input);

    expect(text).toMatch(/^#cloud-config\n[\n\x20-\x7e]*$/);
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_USER_DATA_BYTES / 2);
  });

  it('is refused when it would not be ASCII or too long', () => {
    expect(() => renderUserData(userDataInput({ data_retrieval_url: 'https://example.com/\u{1f43c}' }))).toThrow('not printable ASCII');
    expect(() => renderUserData(userDataInput({ ca_certificate_pem: PEM.repeat(600) }))).toThrow('more than 65536');
  });

  it('reads the same to YAML 1.1 and 1.2, file by file as it was written', () => {
    const text = renderUserData(variants['with a private authority and mirrors']);

    expect(parse(text, { version: '1.2' })).toEqual(read(text));
    expect(contentOf(text, DROPLET_FILES.ca)).toBe(PEM);
    expect(contentOf(text, DROPLET_FILES.installMachine)).toBe(readFileSync(join(__dirname, 'scripts/install-machine.sh'), 'utf8'));
  });

  it('names the archive of security updates beside that of packages: cloud-init would take the one for the other', () => {
    expect(read(renderUserData(variants['with a private authority and mirrors']))['apt']).toEqual({
      primary: [{ arches: ['default'], uri: 'http://mirror.example.com/debian' }],
      security: [{ arches: ['default'], uri: 'http://mirror.example.com/debian-security' }],
    });
    expect(read(renderUserData(variants.plain))).not.toHaveProperty('apt');
  });

  it('does not write what a YAML block would change', () => {
    const config = (content: string) => ({ apt: null, commands: [], files: [{ path: '/f', permissions: '0644', content }] });

    expect(() => renderCloudConfig(config('  indented\n'))).toThrow('/f does not begin');
    expect(() => renderCloudConfig(config('no end'))).toThrow('/f does not begin');
  });

  it('holds one secret, the token, in a file for root alone', () => {
    const input = userDataInput();
    const text = renderUserData(input);

    expect(text.split(input.enrollment_token)).toHaveLength(2);
    expect(read(text).write_files.find(({ content }) => content.includes(input.enrollment_token))).toMatchObject({
      path: DROPLET_FILES.token,
      permissions: '0600',
    });
  });

  it('says where packages come from nowhere else than in the settings', () => {
    const { npm_registry } = userDataInput().sources;
    const text = renderUserData(userDataInput());

    expect(text.split(new URL(npm_registry).host)).toHaveLength(2);
    expect(contentOf(text, DROPLET_FILES.settings)).toContain("NPM_REGISTRY='https://npm.example.com'\n");
  });

  it('tells the agent everything but its own id, which only the machine knows', () => {
    const input = userDataInput();
    const spec = MachineSpec.parse(JSON.parse(contentOf(renderUserData(input), DROPLET_FILES.specTemplate)));

    expect(spec).toMatchObject({
      bot_id: input.bot_id,
      root_public_jwk: input.root_public_jwk,
      agent_sha256: input.agent_sha256,
      machine_id: '@INSTANCE_ID@',
      host: { kind: 'systemd' },
    });
  });

  it('gives the gateway the environment it needs, the agent its port, and neither user a way to more rights', () => {
    const text = renderUserData(userDataInput());
    const unit = (name: string): string => contentOf(text, `${DROPLET_FILES.units}/${name}`);

    for (const [name, value] of Object.entries(gatewayEnvironment(DROPLET.machineDir))) {
      expect(unit(DROPLET.units.gateway)).toContain(`\nEnvironment=${name}=${value}\n`);
    }
    expect(unit(DROPLET.units.agent)).toContain(`\nEnvironment=STATUS_PORT=${DROPLET.statusPort}\n`);
    for (const [name, user] of [[DROPLET.units.agent, DROPLET.users.agent], [DROPLET.units.gateway, DROPLET.users.gateway], [DROPLET.units.hand, DROPLET.users.gateway]] as const) {
      expect(unit(name)).toContain(`\nUser=${user}\n`);
      expect(unit(name)).toContain('\nNoNewPrivileges=yes\nCapabilityBoundingSet=\n');
      expect(unit(name)).toContain('\nPrivateTmp=yes\n');
      expect(unit(name)).toContain('\nIPAddressDeny=169.254.169.254/32\n');
    }
    expect(unit(DROPLET.units.gateway)).toContain('\nRestartPreventExitStatus=78\n');
    // It takes openat2 away, which OpenClaw opens its locks with.
    for (const name of [DROPLET.units.gateway, DROPLET.units.hand]) expect(unit(name)).not.toContain('RestrictSUIDSGID');
  });

  it('leaves the private half of a root key out, should it be handed one', () => {
    const secret = 'A'.repeat(43);
    const root_public_jwk = { ...userDataInput().root_public_jwk, d: secret };

    expect(renderUserData(userDataInput({ root_public_jwk }))).not.toContain(secret);
  });

  it.each([
    ['a credential instead of a token', { enrollment_token: `ttb_0190cccc-0000-7000-8000-000000000001_${'A'.repeat(43)}` }],
    ['an id that is none', { bot_id: "';reboot" }],
    ['an address that is none', { sync_adapter_url: 'file:///etc/passwd' }],
  ])('is not made from %s', (_name, changes) => {
    expect(() => renderUserData(userDataInput(changes))).toThrow();
  });
});
