module.exports = { ...require('../../jest.preset.database.cjs') };
