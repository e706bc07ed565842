/** How the exactly-once test (tools/exactly-once) drives a worker process. It speaks through Node's own channel between processes. */

export type WorkerSettings = {
  /** As the provisioner's role. */
  databaseUrl: string;
  /** Where this worker finds the cloud: the test stands in between. */
  cloudUrl: string;
  /** Eight bytes, a little-endian double: what time it is, in milliseconds since 1970. */
  clockFile: string;
  /** How far this worker's wall clock is off, in milliseconds. Its monotonic clock is right. */
  skewMs: number;
  installationId: string;
  /** Instead of the driver's own, in milliseconds. */
  settleMs?: number;
};

export type Job = { kind: 'reconcile'; botId: string } | { kind: 'sweep' };

export type Command =
  /** Forget the schedule before and begin a new one; answered with `opened`. */
  | { kind: 'open'; settings: WorkerSettings }
  | { kind: 'run'; task: number; job: Job }
  | { kind: 'go'; hold: number };

export type Report =
  | { kind: 'ready' }
  | { kind: 'opened' }
  /** It does nothing further on this path before `go`. With `untilMs` it sleeps until then. */
  | { kind: 'held'; hold: number; step: string; untilMs: number | null }
  /** A sleep ended because what it waited for was given up. */
  | { kind: 'gone_on'; hold: number }
  | { kind: 'wanted'; botId: string }
  | { kind: 'log'; line: string }
  | { kind: 'done'; task: number; outcome: string };
