import { type Command } from 'commander';
import { describeKeys, listKeys } from './list-keys.js';
import { createSigningKeySource } from './load-keys.js';
import { resign, type Resigned } from './resign.js';
import { retireSigningKey } from './retire-signing-key.js';
import { rewrap } from './rewrap.js';
import { addSigningKey } from './rotate-signing-key.js';
import { type AdminDeps, type AdminHost, JSON_OPTION, readRootKey, runAdmin } from './run-admin.js';

const ROOT_KEY = ['--root-key <file>', 'private Ed25519 JWK that signs the key set; it is read, not stored'] as const;

/** Rotation of signing and master keys; docs/keys.md says when and in which order. */
export function addKeyCommands(program: Command, host: AdminHost): void {
  program
    .command('list-keys')
    .description('show signing keys and master keys, and what still needs them')
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await deps.transaction((tx) => listKeys(deps, tx));
        return { result, text: describeKeys(result) };
      }),
    );

  program
    .command('rotate-signing-key')
    .description('make a new signing key, publish it beside the old ones, and sign everything current with it')
    .requiredOption(...ROOT_KEY)
    .option(...JSON_OPTION)
    .action(({ rootKey, json }: { rootKey: string; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const added = await addSigningKey(deps, { rootPrivateJwk: readRootKey(rootKey) });
        host.note(`Key set ${added.key_set_version} has the new signing key ${added.kid}. If this is interrupted, run "admin resign".`);
        const signed = await resignAloud(host, deps);
        return { result: { ...added, ...signed }, text: describeResigned(signed), failed: signed.failed };
      }),
    );

  program
    .command('resign')
    .description('sign with the newest key whatever is current and it has not signed: the second half of a rotation, to be repeated at will')
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await resignAloud(host, deps);
        return { result, text: describeResigned(result), failed: result.failed };
      }),
    );

  program
    .command('retire-signing-key')
    .description('take a signing key out of the key set and forget its private half, when nothing current needs it')
    .requiredOption('--kid <kid>', 'which one, as list-keys shows it')
    .requiredOption(...ROOT_KEY)
    .option(...JSON_OPTION)
    .action(({ kid, rootKey, json }: { kid: string; rootKey: string; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await retireSigningKey(deps, { kid, rootPrivateJwk: readRootKey(rootKey) });
        return { result, text: `Signing key ${kid} is retired; key set ${result.key_set_version} does without it` };
      }),
    );

  program
    .command('rewrap')
    .description('wrap with the current master key whatever an older one has wrapped; while everything runs, to be repeated at will')
    .option('--dry-run', 'count, and see that everything opens; write nothing')
    .option(...JSON_OPTION)
    .action(({ dryRun = false, json }: { dryRun?: boolean; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const progress = ({ secrets }: { secrets: number }) => host.note(`${secrets} secrets wrapped`);
        const result = await rewrap({ ...deps, progress }, { dryRun });
        const { secrets, keys, current_key } = result;
        const text = `${secrets} secrets and ${keys} keys ${dryRun ? 'would be' : 'are now'} wrapped with master key ${current_key}`;
        return { result, text, failed: result.failed };
      }),
    );
}

function resignAloud(host: AdminHost, deps: AdminDeps): Promise<Resigned> {
  const progress = ({ configs, secrets }: { configs: number; secrets: number }) => host.note(`${configs} configs signed, ${secrets} secrets sealed`);
  return resign({ ...deps, signingKey: createSigningKeySource(deps.keyring), progress });
}

const describeResigned = ({ kid, configs, secrets }: Resigned): string => `Signing key ${kid}: ${configs} configs signed, ${secrets} secrets sealed again`;
