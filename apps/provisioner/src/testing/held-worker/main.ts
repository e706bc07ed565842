// One provisioner of the exactly-once test: the real reconciler, sweep, driver and store, which stand still at every call
// until the test lets them go on, and whose time is the test's. Started by tools/exactly-once.
import { type Command, type Job, type Report } from './protocol.js';
import { createGate } from './gate.js';
import { openHeldProvisioner, type HeldProvisioner } from './held-provisioner.js';

const report = (message: Report): void => void process.send?.(message);
const gate = createGate(report);
let provisioner: Promise<HeldProvisioner> | undefined;

async function run(job: Job): Promise<string> {
  const opened = await provisioner;
  if (!opened) throw new Error('"open" comes first');
  return job.kind === 'sweep' ? opened.sweep() : opened.reconcile(job.botId);
}

const handlers: { [Kind in Command['kind']]: (command: Extract<Command, { kind: Kind }>) => Promise<void> | void } = {
  async open({ settings }) {
    const before = await provisioner;
    await before?.close();
    provisioner = openHeldProvisioner(settings, { gate, report });
    await provisioner;
    report({ kind: 'opened' });
  },
  run({ task, job }) {
    void run(job).then(
      (outcome) => report({ kind: 'done', task, outcome }),
      (error: unknown) => report({ kind: 'done', task, outcome: `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }),
    );
  },
  go: ({ hold }) => gate.go(hold),
};

process.on('message', (command: Command) => {
  const handle = handlers[command.kind] as (command: Command) => Promise<void> | void;
  void Promise.resolve(handle(command)).catch((error: unknown) => {
    report({ kind: 'log', line: String(error) });
    process.exit(1);
  });
});
// Ctrl-C and its like reach the test as well, which then ends this process.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
// The test has ended, however it did.
process.on('disconnect', () => process.exit(0));
report({ kind: 'ready' });
