import { type Job, type Report, type WorkerSettings } from './protocol.js';
import { startWorkerProcess, type WorkerProcess } from './worker-process.js';
import { type AnswerFate, openWire, type RequestFate, type WireRequest } from './wire.js';

/** A place where a worker stands still. */
export type Hold = { member: Member; step: string } & (
  | { where: 'gate'; go: () => void }
  | { where: 'sleep'; untilMs: number; go: () => void }
  | { where: 'request'; request: WireRequest; decide: (fate: RequestFate) => void }
  | { where: 'answer'; request: WireRequest; decide: (fate: AnswerFate) => void }
);

/** One provisioner of the installation: a process, replaced when it is killed, and its line to the cloud. */
export type Member = {
  readonly name: string;
  readonly isStopped: boolean;
  holds: () => readonly Hold[];
  jobs: () => readonly Job[];
  /** Begins a schedule. */
  open: () => Promise<void>;
  give: (job: Job) => Promise<void>;
  /** Lets it go on from there; resolves when it says something again, or seems to wait for somebody else. */
  release: (release: () => void) => Promise<void>;
  /** SIGSTOP and SIGCONT. */
  stop: () => void;
  resume: () => Promise<void>;
  /** kill -9; another process takes its place. What it had on the wire is handed back. */
  kill: () => Promise<{ jobs: Job[]; onTheWire: Extract<Hold, { where: 'request' }>[] }>;
  close: () => Promise<void>;
};

export type MemberDeps = {
  workerFile: string;
  settings: (wireUrl: string) => WorkerSettings;
  cloudUrl: () => string;
  onWanted: (botId: string) => void;
  onDone: (job: Job, outcome: string) => void;
  onLog: (line: string) => void;
  onHold: (hold: Hold) => void;
  /** Its process ended, and nobody killed it. */
  onCrash: (error: Error) => void;
  /** Requests whose sender is not there any more. */
  sendLate: (send: () => Promise<void>) => void;
};

/** After which a worker that says nothing is taken to wait for somebody else: a row that another one locks, a shared answer. */
const SILENCE_MS = 60;

export async function openMember(name: string, deps: MemberDeps): Promise<Member> {
  const holds = new Set<Hold>();
  const gates = new Map<number, Hold>();
  const tasks = new Map<number, Job>();
  const start = (): WorkerProcess =>
    startWorkerProcess(deps.workerFile, (error) => {
      deps.onCrash(error);
      // Nobody shall wait for it.
      heard();
      opened();
    });
  let worker: WorkerProcess;
  let lastTask = 0;
  let isStopped = false;
  let heard: () => void = () => undefined;
  let opened: () => void = () => undefined;
  let spare = start();

  const add = (hold: Hold): void => {
    holds.add(hold);
    deps.onHold(hold);
    heard();
  };
  const dropGate = (id: number): void => {
    const hold = gates.get(id);
    if (hold) holds.delete(hold);
    gates.delete(id);
  };
  const onReport = (report: Report): void => {
    switch (report.kind) {
      case 'held': {
        const { step, untilMs } = report;
        // Not twice, and not to the process that took its place: that one counts its holds anew.
        const go = (): void => {
          if (!holds.has(hold)) return;
          dropGate(report.hold);
          worker.send({ kind: 'go', hold: report.hold });
        };
        const hold: Hold = untilMs === null ? { member, step, where: 'gate', go } : { member, step, where: 'sleep', untilMs, go };
        gates.set(report.hold, hold);
        return add(hold);
      }
      case 'gone_on':
        return dropGate(report.hold);
      case 'done': {
        const job = tasks.get(report.task);
        tasks.delete(report.task);
        if (job) deps.onDone(job, report.outcome);
        return heard();
      }
      case 'wanted':
        return deps.onWanted(report.botId);
      case 'log':
        return deps.onLog(`${name}: ${report.line}`);
      case 'opened':
        return opened();
      case 'ready':
    }
  };
  const standOnWire = <Fate>(make: (decide: (fate: Fate) => void) => Hold): Promise<Fate> =>
    new Promise((resolve) => {
      const hold = make((fate) => {
        holds.delete(hold);
        resolve(fate);
      });
      add(hold);
    });
  const wire = await openWire(deps.cloudUrl, {
    onRequest: (request) =>
      standOnWire<RequestFate>((decide) => ({ member, step: `${stepOf(request)} request`, where: 'request', request, decide })),
    onAnswer: (request) =>
      standOnWire<AnswerFate>((decide) => ({ member, step: `${stepOf(request)} answer`, where: 'answer', request, decide })),
    sendLate: deps.sendLate,
  });

  /** Resolves with the next thing it says. */
  const untilHeard = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, SILENCE_MS);
      heard = () => {
        clearTimeout(timer);
        heard = () => undefined;
        resolve();
      };
    });
  const begin = async (): Promise<void> => {
    const isOpen = new Promise<void>((resolve) => (opened = resolve));
    worker.send({ kind: 'open', settings: deps.settings(wire.url) });
    await isOpen;
  };
  const takeSpare = async (): Promise<void> => {
    worker = spare;
    spare = start();
    await worker.ready;
    worker.listen(onReport);
  };
  worker = spare;
  await takeSpare();

  const member: Member = {
    name,
    get isStopped() {
      return isStopped;
    },
    holds: () => [...holds],
    jobs: () => [...tasks.values()],
    async open() {
      if (tasks.size === 0 && holds.size === 0 && !isStopped) return begin();
      // What the schedule before left half done would be waited for: a pool ends when its last transaction has.
      const { onTheWire } = await member.kill();
      for (const hold of onTheWire) hold.decide({ kind: 'lose' });
    },
    async give(job) {
      const task = (lastTask += 1);
      tasks.set(task, job);
      const next = untilHeard();
      worker.send({ kind: 'run', task, job });
      if (!isStopped) await next;
    },
    async release(release) {
      const next = untilHeard();
      release();
      if (!isStopped) await next;
    },
    stop() {
      isStopped = true;
      worker.signal('SIGSTOP');
    },
    async resume() {
      const next = untilHeard();
      isStopped = false;
      worker.signal('SIGCONT');
      await next;
    },
    async kill() {
      await worker.kill();
      const onTheWire = [...holds].filter((hold) => hold.where === 'request');
      for (const hold of holds) if (hold.where === 'answer') hold.decide({ kind: 'lose' });
      const jobs = [...tasks.values()];
      holds.clear();
      gates.clear();
      tasks.clear();
      isStopped = false;
      await takeSpare();
      await begin();
      return { jobs, onTheWire };
    },
    async close() {
      await Promise.all([worker.kill(), spare.kill()]);
      await wire.close();
    },
  };
  return member;
}

/** `POST /v2/droplets`, with ids and queries left out. */
const stepOf = ({ method, path }: WireRequest): string =>
  `${method} ${path.replace(/\?.*$/, '').replace(/\/[^/]*[:\d][^/]*(?=\/|$)/g, (part) => (part === '/v2' ? part : '/:id'))}`;
