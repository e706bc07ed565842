// For projects whose specs use createTestDatabase: starts the run's Postgres.
const preset = require('./jest.preset.cjs');

module.exports = {
  ...preset,
  globalSetup: require.resolve('./tools/jest/start-postgres.cjs'),
  globalTeardown: require.resolve('./tools/jest/stop-postgres.cjs'),
};
