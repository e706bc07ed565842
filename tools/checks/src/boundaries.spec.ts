import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

type Snippet = { what: string; path: string; text: string };
type Message = { ruleId: string | null; message: string };

const imports = (specifier: string): string => `import * as it from '${specifier}';\nexport const use = it;\n`;
const boundaries = '@nx/enforce-module-boundaries';

const rejected: (Snippet & { rule: string })[] = [
  ...['@trawling/domain', '@trawling/runtime', 'express'].map((name) => importing('contracts', 'libs/contracts/src/x.ts', name)),
  ...['bullmq', 'express', '@prisma/client', 'pg', '@trawling/database', '@trawling/runtime'].map((name) =>
    importing('domain', 'libs/domain/src/x.ts', name),
  ),
  ...['@trawling/database', '@trawling/queues'].flatMap((name) => [
    importing('a kit', 'libs/runtime/src/x.ts', name),
    importing('a kit', 'libs/http/src/x.ts', name),
  ]),
  ...['@trawling/database', '@trawling/http', '@trawling/queues', 'express', 'pg', 'bullmq', 'ioredis', '@prisma/client'].map((name) =>
    importing('the bot agent', 'apps/bot-agent/src/x.ts', name),
  ),
  ...['@trawling/http', '@trawling/database'].map((name) => importing('the status publisher', 'libs/status-publisher/src/x.ts', name)),
  importing('an app', 'apps/control-plane/src/x.ts', '../../sync-adapter/src/env.js'),
  importing('an app', 'apps/sync-adapter/src/bots/x.ts', '../../../provisioner/src/env.js'),
  importing('a library', 'libs/domain/src/x.ts', '../../../apps/control-plane/src/env.js'),
  ...['express', 'bullmq', 'ioredis', 'pg', '@prisma/client'].map((name) => ({
    ...importing('a use case', 'apps/control-plane/src/bots/update-bot.ts', name),
    rule: 'no-restricted-imports',
  })),
  ...['apps/control-plane/src/compose.ts', 'apps/provisioner/src/machines/x.ts', 'libs/queues/src/x.ts'].map((path) => ({
    what: `process.env in ${path}`,
    path,
    text: "export const port = process.env['PORT'];\n",
    rule: 'no-restricted-properties',
  })),
];

const accepted: Snippet[] = [
  importing('contracts', 'libs/contracts/src/x.ts', 'zod'),
  importing('domain', 'libs/domain/src/x.ts', '@trawling/contracts'),
  importing('domain', 'libs/domain/src/x.ts', 'node:crypto'),
  importing('a kit', 'libs/http/src/x.ts', '@trawling/runtime'),
  importing('an infrastructure library', 'libs/database/src/x.ts', 'pg'),
  importing('the bot agent', 'apps/bot-agent/src/x.ts', '@trawling/crypto'),
  importing('a use case', 'apps/control-plane/src/bots/update-bot.ts', '@trawling/domain'),
  importing('routes', 'apps/control-plane/src/bots/bots.routes.ts', 'express'),
  { what: 'process.env in main.ts', path: 'apps/control-plane/src/main.ts', text: "export const port = process.env['PORT'];\n" },
];

describe('import rules', () => {
  let messages: Message[][];

  beforeAll(() => {
    messages = lint([...rejected, ...accepted]);
  });

  it.each(rejected.map((snippet, index) => ({ ...snippet, index })))('reject $what', ({ index, rule }) => {
    expect(messages[index]?.map((message) => message.ruleId)).toContain(rule);
  });

  it.each(accepted.map((snippet, index) => ({ ...snippet, index })))('accept $what', ({ index }) => {
    expect(messages[rejected.length + index]).toEqual([]);
  });
});

function importing(who: string, path: string, specifier: string): Snippet & { rule: string } {
  return { what: `${who} (${path}) importing ${specifier}`, path, text: imports(specifier), rule: boundaries };
}

function lint(snippets: Snippet[]): Message[][] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'lint-snippets.mjs')], {
    input: JSON.stringify(snippets),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const results: unknown = JSON.parse(stdout);
  if (!Array.isArray(results)) throw new Error(`unexpected output: ${stdout}`);
  return results;
}
