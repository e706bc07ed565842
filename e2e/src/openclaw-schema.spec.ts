import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkOpenclawExtras, extrasTableGaps } from '@trawling/domain';
import { runtimeCache } from '@trawling/launcher';
import { z } from 'zod';
import { checkout } from './support/launch.js';

const run = promisify(execFile);
const Runtime = z.object({ node: z.string(), openclawMjs: z.string(), version: z.string() });
/** Of a JSON schema only the tree of keys. */
type KeyTree = { properties?: Record<string, KeyTree> };
const KeyTree: z.ZodType<KeyTree> = z.lazy(() => z.object({ properties: z.record(z.string(), KeyTree).exactOptional() }));

describe('the allow-list of extra OpenClaw settings, held to the schema of the real OpenClaw', () => {
  const home = mkdtempSync(join(tmpdir(), 'trawling-e2e-schema-'));
  let schema: KeyTree;
  beforeAll(async () => {
    const supervisor = join(checkout, 'apps/provisioner/dist/supervisor.js');
    const cache = runtimeCache({ ...process.env, HOME: homedir() });
    const { node, openclawMjs } = Runtime.parse(JSON.parse((await run(process.execPath, [supervisor, 'install-runtime', cache])).stdout));
    const env = { PATH: process.env['PATH'], HOME: home, OPENCLAW_STATE_DIR: join(home, 'state') };
    const { stdout } = await run(node, [openclawMjs, 'config', 'schema'], { env, maxBuffer: 64 * 2 ** 20 });
    schema = KeyTree.parse(JSON.parse(stdout.slice(stdout.indexOf('{'))));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('classifies every root key, and every key below the parts that an owner may touch', () => {
    expect(Object.keys(schema.properties ?? {}).length).toBeGreaterThan(40);
    expect(extrasTableGaps(schema)).toEqual([]);
  });

  it('refuses a root key that nobody has decided about', () => {
    expect(checkOpenclawExtras({ key_of_a_later_release: {} }).denied).toMatchObject([{ path: 'openclaw.key_of_a_later_release' }]);
  });
});
