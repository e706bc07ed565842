// The specs that run the real OpenClaw (OPENCLAW_RUNTIME_DIR names it); part of the e2e stage.
module.exports = { ...require('../../jest.preset.cjs'), testMatch: ['<rootDir>/src/**/*.openclaw.spec.ts'], maxWorkers: 1 };
