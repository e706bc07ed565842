// Draws the pictures of docs/diagrams from their text sources, with the Graphviz of an npm package: the same everywhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instance } from '@viz-js/viz';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../docs/diagrams');
/** The picture's name is the one that documents outside of this repository use. */
const diagrams = [{ source: 'openclaw-integration.dot', picture: 'openclaw_integration.svg' }];

const argument = process.argv[2];
if (argument !== undefined && argument !== '--check') {
  console.log('usage: npm run diagrams [-- --check]\nDraws docs/diagrams/*.svg from *.dot. --check: writes nothing, exit code 1 when a picture is not current.');
  process.exit(argument === '--help' ? 0 : 2);
}

const viz = await instance();
let stale = 0;
for (const { source, picture } of diagrams) {
  const drawn = viz.renderString(readFileSync(join(folder, source), 'utf8'), { format: 'svg', engine: 'dot' });
  if (argument === undefined) {
    writeFileSync(join(folder, picture), drawn);
    console.log(`docs/diagrams/${picture}`);
  } else if (readOrEmpty(join(folder, picture)) !== drawn) {
    console.error(`docs/diagrams/${picture} is not what ${source} says: npm run diagrams`);
    stale += 1;
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
