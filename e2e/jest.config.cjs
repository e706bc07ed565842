// The walk starts real gateways: minutes, not seconds, and one at a time.
module.exports = { ...require('../jest.preset.cjs'), testTimeout: 600_000, maxWorkers: 1 };
