// *.openclaw.spec.ts run the real OpenClaw; `npm test` runs them in its end-to-end stage, after everything else.
module.exports = { ...require('../../jest.preset.cjs') };
