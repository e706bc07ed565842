import { makeToken } from '@trawling/crypto';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machinePackages } from '../machine-packages.js';
import { type UserDataInput } from '../user-data-input.js';

/** The lock that is committed: what machines install OpenClaw from. */
export const committedLock = (): Buffer => readFileSync(join(__dirname, '../../../../tools/openclaw-runtime/package-lock.json'));

/** The input of some bot's first machine. */
export const userDataInput = (changes: Partial<UserDataInput> = {}): UserDataInput => ({
  bot_id: '0190aaaa-0000-7000-8000-000000000001',
  generation: 1,
  installation_id: '0190bbbb-0000-7000-8000-000000000001',
  sync_adapter_url: 'https://sync.example.com',
  root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  agent_sha256: `sha256:${'a'.repeat(64)}`,
  data_retrieval_url: null,
  enrollment_token: makeToken('tte', '0190cccc-0000-7000-8000-000000000001', randomBytes),
  packages: machinePackages(committedLock()),
  sources: { npm_registry: 'https://npm.example.com/', apt: null },
  ca_certificate_pem: null,
  ...changes,
});
