import { OwnerId, Role, Uuid } from '@trawling/contracts';
import { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { createApiKey, revokeApiKey } from '../auth/api-keys.js';
import { ADMIN_ACTOR } from './admin-actor.js';
import { addFleetCommands } from './fleet-commands.js';
import { initInstallation } from './init-installation.js';
import { addKeyCommands } from './key-commands.js';
import { publishAgent } from './publish-agent.js';
import { publishOpenclaw } from './publish-openclaw.js';
import { type AdminHost, JSON_OPTION, parsedBy, readRootKey, runAdmin } from './run-admin.js';

/** What only someone with the database and the master keys may do. Reads DATABASE_URL and MASTER_KEYS. */
export function adminProgram(host: AdminHost): Command {
  const program = new Command('admin').version(host.version).description('Administration of a Trawling Traders installation');
  // Or else the value of `--kid -V…` would be taken for the program's own `-V`: key ids may begin like that.
  program.enablePositionalOptions();

  program
    .command('init')
    .description('make this database an installation: its keys and its row; doing it again changes nothing')
    .requiredOption('--root-key <file>', 'private Ed25519 JWK that signs the key set; it is read, not stored')
    .addOption(new Option('--queue-backend <backend>', 'where BullMQ keeps its jobs').choices(['redis', 'postgres'] as const).makeOptionMandatory())
    .option(...JSON_OPTION)
    .action(({ rootKey, queueBackend, json }: { rootKey: string; queueBackend: 'redis' | 'postgres'; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const rootPrivateJwk = readRootKey(rootKey);
        const result = await initInstallation(deps, { rootPrivateJwk, queueBackend });
        return { result, text: `Installation ${result.installation_id} ${result.created ? 'made' : 'was there already'}; queue in ${result.queue_backend}` };
      }),
    );

  program
    .command('create-api-key')
    .description('make an API key and print it, the only time it is ever shown')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(new Option('--role <role>', 'what it may do; publisher: POST /openclaw/status and nothing else').choices(Role.options).makeOptionMandatory())
    .option('--owner <owner id>', 'it sees only this owner’s bots; needed with role owner, not possible with publisher', parsedBy(OwnerId, '1 to 100 letters, digits or any of _ . : -'))
    .option(...JSON_OPTION)
    .action(({ name, role, owner, json }: { name: string; role: Role; owner?: string; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await createApiKey(deps, { name, role, ownerId: owner ?? null, actor: ADMIN_ACTOR });
        return { result, text: result.key };
      }),
    );

  program
    .command('revoke-api-key')
    .description('end an API key at once')
    .argument('<id>', 'the id of the key: its middle part, ttk_<id>_…', parsedBy(Uuid, 'a UUID'))
    .option(...JSON_OPTION)
    .action((id: string, { json }: { json?: true }) =>
      runAdmin(host, json, async (deps) => {
        await revokeApiKey(deps, { id, actor: ADMIN_ACTOR });
        return { result: { id, revoked: true }, text: `API key ${id} is revoked` };
      }),
    );

  program
    .command('publish-agent')
    .description('store an agent file; new config versions name it from now on')
    .requiredOption('--file <file>', 'the bundled agent')
    .option('--agent-version <version>', 'what to call it', host.version)
    .option(...JSON_OPTION)
    .action(({ file, agentVersion, json }: { file: string; agentVersion: string; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await publishAgent(deps, { content: new Uint8Array(readFileSync(file)), version: agentVersion });
        return { result, text: result.sha256 };
      }),
    );

  program
    .command('publish-openclaw')
    .description('store the lock that machines install OpenClaw from; new machines get it from now on')
    .requiredOption('--lock <file>', 'package-lock.json that pins openclaw and the Node that runs it')
    .option(...JSON_OPTION)
    .action(({ lock, json }: { lock: string; json?: true }) =>
      runAdmin(host, json, async (deps) => {
        const result = await publishOpenclaw(deps, { lock: new Uint8Array(readFileSync(lock)) });
        return { result, text: result.sha256 };
      }),
    );
  addKeyCommands(program, host);
  addFleetCommands(program, host);
  return program;
}
