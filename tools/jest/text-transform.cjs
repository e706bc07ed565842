// For jest: a file that is a text (a shell script) is a module whose default export is that text, as esbuild makes it.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');

/** From the disk: what jest passes on has lost a first line that begins with "#!". */
const moduleOf = (path) => `exports.__esModule = true; exports.default = ${JSON.stringify(readFileSync(path, 'utf8'))};`;

module.exports = {
  process: (_text, path) => ({ code: moduleOf(path) }),
  /** What comes out: then no former version of this file is found in jest's cache. */
  getCacheKey: (_text, path) => createHash('sha256').update(path).update('\0').update(moduleOf(path)).digest('hex'),
};
