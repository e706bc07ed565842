// jest globalSetup: one Postgres for the whole run (jest runs one and the same setup file once, however many projects name it).
// Specs clone its template database through createTestDatabase of @trawling/database/testing.
const { spawn } = require('node:child_process');
const { join } = require('node:path');
const { createInterface } = require('node:readline');

module.exports = async function startPostgresForTests() {
  if (process.env.TRAWLING_WITHOUT_POSTGRES) return; // `npm run test:unit`
  const server = spawn(process.execPath, [join(__dirname, 'postgres-for-tests.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { url, template } = await new Promise((ready, failed) => {
    createInterface({ input: server.stdout }).once('line', (line) => ready(JSON.parse(line)));
    server.once('error', failed);
    server.once('exit', (code) => failed(new Error(`the Postgres for the tests did not start (exit ${code})`)));
  });
  // Test files run in workers: the environment is what reaches them.
  process.env.TRAWLING_TEST_DATABASE = JSON.stringify({ url, template });
  globalThis.trawlingTestPostgres = server;
};
