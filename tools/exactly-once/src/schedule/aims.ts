/**
 * Each schedule strikes at one of these above all: steps that are rare, and those of a create and a destroy, where it
 * matters most. The others are struck often enough by chance.
 */
const CREATE = [
  'store.findMachineInputs before', 'store.findMachineInputs after',
  'store.underLease before', 'store.underLease in transaction', 'store.underLease after',
  'driver.preflight after', 'driver.create before', 'driver.create after',
  'POST /v2/droplets request', 'POST /v2/droplets answer',
] as const;
const DESTROY = [
  'driver.destroy before', 'driver.destroy after',
  'DELETE /v2/tags/:id request', 'DELETE /v2/tags/:id answer',
  'DELETE /v2/droplets/:id request', 'DELETE /v2/droplets/:id answer',
] as const;
const RARE = [
  'driver.get before', 'driver.get after', 'driver.start before', 'driver.start after',
  'POST /v2/droplets/:id/actions request', 'POST /v2/droplets/:id/actions answer',
  'POST /v2/firewalls request', 'POST /v2/firewalls answer',
  'driver.forget before', 'driver.forget after',
  'orphans.markDestroyed before', 'orphans.markDestroyed after', 'store.releaseLease before',
] as const;

export const isAtCreate = (step: string): boolean => (CREATE as readonly string[]).includes(step);

export const AIMS = [...CREATE, ...CREATE, ...CREATE, ...DESTROY, ...DESTROY, ...RARE];

/** How often it strikes when it comes to its aim, and how often at most. */
export const AIM_CHANCE = 0.6;
export const AIM_TIMES = 6;

const SEEN_OFTEN: ReadonlySet<string> = new Set(['store.releaseLease before', 'POST /v2/droplets/:id/actions request', 'POST /v2/droplets/:id/actions answer']);
const NOW_AND_THEN = new Map<string, number>([
  ...[...DESTROY, ...RARE].filter((step) => !SEEN_OFTEN.has(step)).map((step) => [step, 0.03] as const),
  ...(['driver.create before', 'driver.create after', 'POST /v2/droplets request', 'POST /v2/droplets answer'] as const).map((step) => [step, 0.08] as const),
]);

/** How likely it strikes at a step in any schedule, whatever that aims at. */
export const strikeChance = (step: string): number => NOW_AND_THEN.get(step) ?? 0;
