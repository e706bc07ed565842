// The walk starts real gateways: minutes, not seconds. `npm test` runs these in band.
module.exports = { ...require('../jest.preset.cjs'), testTimeout: 600_000 };
