import { botsWithWrongHold, type ChangeTopic, pendingEnrollments, pendingRotations, replacedCredentials, type Transaction } from '@trawling/database';
import type { Clock } from '@trawling/runtime';
import { retireReplaced } from './credentials/retire-replaced.js';
import { verifyRotation, type VerifyRotationDeps } from './credentials/verify-rotation.js';
import { type DecisionLoop, startDecisionLoop } from './enrollment/decision-loop.js';
import { verifyEnrollment, type VerifyEnrollmentDeps } from './enrollment/verify-enrollment.js';
import { releaseTrading, type ReleaseTradingDeps } from './trading-hold/release-trading.js';

export type DecisionLoopsDeps = VerifyEnrollmentDeps & VerifyRotationDeps & ReleaseTradingDeps & { db: Transaction; clock: Clock };

/** A replaced credential is refused already; writing it down has time. Milliseconds. */
const RETIRE_SCAN_MS = 10_000;
/** Told by the provisioner when an old machine is gone; a lost word costs a bot this long without trading. */
const HOLD_SCAN_MS = 10_000;

export type DecisionLoops = {
  /** Something of this topic changed. */
  wake: (topic: ChangeTopic) => void;
  wakeAll: () => void;
  close: () => Promise<void>;
};

/** Everything the sync-adapter records and only the control plane may decide. */
export function startDecisionLoops(deps: DecisionLoopsDeps): DecisionLoops {
  const { db, clock, logger } = deps;
  const loops: { topic: ChangeTopic; loop: DecisionLoop }[] = [
    {
      topic: 'enrollment_requested',
      loop: startDecisionLoop({
        what: 'enrollment',
        find: (limit) => pendingEnrollments(db, limit),
        decide: ({ id, botId }) => verifyEnrollment(deps, { requestId: id, botId }),
        clock,
        logger,
      }),
    },
    {
      topic: 'credential_requested',
      loop: startDecisionLoop({
        what: 'credential rotation',
        find: (limit) => pendingRotations(db, limit),
        decide: ({ id, botId }) => verifyRotation(deps, { requestId: id, botId }),
        clock,
        logger,
      }),
    },
    {
      topic: 'credential',
      loop: startDecisionLoop({
        what: 'replaced credential',
        find: (limit) => replacedCredentials(db, limit),
        decide: ({ id, botId }) => retireReplaced(deps, { credentialId: id, botId }),
        scanMs: RETIRE_SCAN_MS,
        clock,
        logger,
      }),
    },
    {
      topic: 'machine',
      loop: startDecisionLoop({
        what: 'trading hold',
        find: (limit) => botsWithWrongHold(db, limit),
        decide: ({ botId }) => releaseTrading(deps, { botId }),
        scanMs: HOLD_SCAN_MS,
        clock,
        logger,
      }),
    },
  ];
  return {
    wake: (topic) => loops.forEach((one) => one.topic === topic && one.loop.wake()),
    wakeAll: () => loops.forEach(({ loop }) => loop.wake()),
    close: async () => {
      await Promise.all(loops.map(({ loop }) => loop.close()));
    },
  };
}
