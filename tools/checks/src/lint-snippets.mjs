// Lints texts as if they were files of the repository. Reads [{ path, text }] from stdin, prints a list of messages for each.
// A process of its own because ESLint's flat config is an ES module, which jest cannot load without flags.
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createProjectGraphAsync } from 'nx/src/devkit-exports.js';
import { ESLint } from 'eslint';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

process.env.NX_DAEMON = 'false';
process.chdir(root);
// Without a cached project graph the boundary rule skips itself, and every import passes.
await createProjectGraphAsync({ exitOnError: false });

const eslint = new ESLint({ cwd: root });
const results = [];
for (const snippet of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(snippet.text, { filePath: join(root, snippet.path) });
  results.push((result?.messages ?? []).map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(results));
