// Checks of the repository as a whole. Some start ESLint or Postgres as processes of their own.
module.exports = { ...require('../../jest.preset.cjs'), testTimeout: 120_000 };
