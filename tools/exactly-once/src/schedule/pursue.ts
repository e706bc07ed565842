import { meetHold, passTime } from './moves.js';
import { isHeldAwake, type Stage } from './stage.js';

/** Seconds until somebody looks again: before what was lost turns up, after a lease, after a settle time. */
const PAUSES_S = [0, 2, 6, 12, 25, 40, 100, 130] as const;
const MAX_STEPS = 70;

/** A bot whose create was disturbed is looked at again soon and by anybody: there a second droplet is nearest. */
export const isPursuable = ({ pursued, members }: Stage): boolean => pursued.size > 0 && members.some(({ isStopped }) => !isStopped);

export async function pursue(stage: Stage): Promise<void> {
  const { random, pursued } = stage;
  const botId = random.pick([...pursued].sort());
  if (random.chance(0.25)) pursued.delete(botId);
  await passTime(stage, 1000 * random.pick(PAUSES_S));
  const member = random.pick(stage.members.filter(({ isStopped }) => !isStopped));
  await member.give({ kind: 'reconcile', botId });
  for (let steps = 0; steps < MAX_STEPS && !member.isStopped; steps += 1) {
    const [hold] = member.holds().filter(isHeldAwake);
    if (!hold || !member.jobs().some((job) => job.kind === 'reconcile' && job.botId === botId)) return;
    await meetHold(stage, hold);
  }
}
