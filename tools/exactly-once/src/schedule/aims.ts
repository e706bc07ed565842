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
  'orphans.markDestroyed before', 'orphans.markDestroyed after', 'store.releaseLease before', 'sleep',
] as const;

export const isAtCreate = (step: string): boolean => (CREATE as readonly string[]).includes(step);

export const AIMS = [...CREATE, ...CREATE, ...CREATE, ...DESTROY, ...DESTROY, ...RARE];

/** How often it strikes when it comes to its aim, and how often at most. */
export const AIM_CHANCE = 0.6;
export const AIM_TIMES = 6;

/** There it strikes now and then in every schedule. */
export const CREATE_STEPS: ReadonlySet<string> = new Set(['driver.create before', 'driver.create after', 'POST /v2/droplets request', 'POST /v2/droplets answer']);
export const CREATE_CHANCE = 0.08;
