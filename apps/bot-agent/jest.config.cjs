module.exports = { ...require('../../jest.preset.cjs'), testPathIgnorePatterns: ['/node_modules/', '\\.openclaw\\.spec\\.ts$'] };
