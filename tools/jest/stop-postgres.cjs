// jest globalTeardown: the child of start-postgres.cjs ends when its stdin does.
module.exports = async function stopPostgresForTests() {
  const server = globalThis.trawlingTestPostgres;
  if (!server || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.stdin.end();
  await ended;
};
