import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Command, Report } from './protocol.js';

/** One operating-system process that can be stopped and killed. */
export type WorkerProcess = {
  pid: number;
  send: (command: Command) => void;
  /** Everything it says from now on. */
  listen: (onReport: (report: Report) => void) => void;
  signal: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  /** Resolves when it is gone. */
  kill: () => Promise<void>;
  ready: Promise<void>;
};

/** `onCrash`: it ended, and nobody killed it. */
export function startWorkerProcess(file: string, onCrash: (error: Error) => void): WorkerProcess {
  const child: ChildProcess = fork(file, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const early: Report[] = [];
  let onReport = (report: Report): void => void early.push(report);
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  let isKilled = false;
  const ended = once(child, 'exit');
  child.once('exit', (code, signal) => {
    isReady();
    if (!isKilled) onCrash(new Error(`a worker ended by itself (${signal ?? code})`));
  });
  child.on('message', (message) => {
    const report = Report.parse(message);
    if (report.kind === 'ready') isReady();
    else onReport(report);
  });
  // A message to a process that was just killed.
  child.on('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    ready,
    send: (command) => void (child.connected && child.send(command, () => undefined)),
    listen(next) {
      onReport = next;
      for (const report of early.splice(0)) next(report);
    },
    signal: (signal) => void child.kill(signal),
    async kill() {
      isKilled = true;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
