// For jest: a file that is a text (a shell script) is a module whose default export is that text, as esbuild makes it.
module.exports = {
  process: (text) => ({ code: `exports.__esModule = true; exports.default = ${JSON.stringify(text)};` }),
};
