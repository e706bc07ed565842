// The Node environment, plus: a spec file that leaves a connection, a server or a child process open fails.
// Without this such a file makes jest hang at its end (or, forced to exit, say nothing at all).
const { TestEnvironment: NodeEnvironment } = require('jest-environment-node');

const watched = new Set(['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'ProcessWrap']);
/** Closing takes a few turns of the event loop on both sides. */
const patienceMs = 2_000;

const openNow = () => process.getActiveResourcesInfo().filter((kind) => watched.has(kind));

/** What is open now beyond what was open before. */
function surplus(before) {
  const known = [...before];
  return openNow().filter((kind) => {
    const index = known.indexOf(kind);
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
}

class LeakCheckEnvironment extends NodeEnvironment {
  constructor(config, context) {
    super(config, context);
    this.openBefore = openNow();
    this.file = context.testPath;
    // Run with others, a project's own testTimeout is read but never used: this is where jest.setTimeout puts it.
    this.global[Symbol.for('TEST_TIMEOUT_SYMBOL')] = config.projectConfig.testTimeout;
  }

  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.hasFailures = true;
  }

  async teardown() {
    const left = await this.leaks();
    await super.teardown();
    if (left.length === 0) return;
    const what = `${this.file} left open: ${left.join(', ')}. Close what the test opens.`;
    // An error from here takes the place of the results: a test that failed is the news, and mostly the reason as well.
    if (!this.hasFailures) throw new Error(what);
    process.stderr.write(`${what}\n`);
  }

  async leaks() {
    const giveUpAt = Date.now() + patienceMs;
    while (surplus(this.openBefore).length > 0 && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return surplus(this.openBefore);
  }
}

module.exports = LeakCheckEnvironment;
