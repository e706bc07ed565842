import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@trawling/runtime/testing';
import { commandLine, findByMarker, identify, isAlive, parentOf, signalProcess } from './process-table.js';

const marker = `TRAWLING_STATE=/spec/${process.pid}`;
let child: ChildProcess;
const pidOf = (process: ChildProcess): number => process.pid ?? -1;

beforeEach(async () => {
  // A child in a session of its own that starts another one: both carry the marker.
  const script = 'require("child_process").spawn("sleep", ["60"], { detached: true }).unref(); console.log("up"); setInterval(() => {}, 1000)';
  child = spawn(process.execPath, ['-e', script], { env: { ...process.env, TRAWLING_STATE: `/spec/${process.pid}` }, stdio: ['ignore', 'pipe', 'ignore'] });
  if (child.stdout) await once(child.stdout, 'data');
});
afterEach(() => {
  for (const found of findByMarker((entry) => entry === marker)) signalProcess(found, 'SIGKILL');
});

describe('the process table', () => {
  it('names a process by id and start time, and says who its parent is and what it runs', () => {
    const identity = identify(pidOf(child));

    expect(identity).toMatchObject({ pid: child.pid, started: expect.stringMatching(/./) });
    expect(parentOf(pidOf(child))).toBe(process.pid);
    expect(commandLine(pidOf(child))[1]).toBe('-e');
  });

  it('finds every process that inherited a marker, also in another session, and not the asker', () => {
    const found = findByMarker((entry) => entry === marker).map(({ pid }) => pid);

    expect(found).toHaveLength(2);
    expect(found).toContain(child.pid);
    expect(found).not.toContain(process.pid);
  });

  it('takes a killed process, and another one with its id, for gone', async () => {
    const identity = identify(pidOf(child));
    if (!identity) throw new Error('the child is not there');
    expect(isAlive({ ...identity, started: 'another time' })).toBe(false);

    signalProcess(identity, 'SIGKILL');

    await until(() => !isAlive(identity));
  });
});
