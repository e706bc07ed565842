import { type CapabilitiesView, type InstanceStatus, type JsonObject } from '@trawling/contracts';

/** What a service says of itself when it is asked, once a second and more: small and cheap, never a call to anything else. */
export type Probes = {
  /** Tasks that are worked on at once at most. */
  concurrentTasks: () => number;
  /** Tasks accepted and not finished: those that wait and those that run. */
  queueLength: () => number;
  /** Further members of `health.details`; no secrets. */
  details?: () => JsonObject;
  /** Why the service cannot do its work now although it runs (a dependency is away); null when it can. */
  impairedBy?: () => string | null;
};

/**
 * One process that says what it can do and how it is: what its `/status` and `/capabilities` answer and what is published
 * are the same.
 */
export type Instance = {
  /** Made anew each time, with the next sequence. */
  status: () => InstanceStatus;
  capabilities: () => CapabilitiesView;
  /** A task of the service ended: feeds the error rate and `last_task_success_seconds`. */
  taskEnded: (ok: boolean) => void;
  /** From now on `draining`, published at once. Does not wait for the receiver. Calling it again changes nothing. */
  drain: () => void;
  /**
   * `draining` if that was not said yet, then `offline`; resolves within its bound whatever the receiver does, and at once
   * when `signal` aborts (a second Ctrl-C). Never rejects. Calling it again gives the same promise.
   */
  stop: (signal?: AbortSignal) => Promise<void>;
};
