import type { Clock } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import type { RequestBudget } from '../budget/request-budget.js';
import { createDigitalOcean, type DigitalOceanOptions } from '../create-digitalocean.js';
import type { DropletSpec } from '../requests.js';

/** Grants everything and remembers what it was told. */
export function openBudget(): RequestBudget & { taken: string[]; statuses: number[] } {
  const taken: string[] = [];
  const statuses: number[] = [];
  return {
    taken,
    statuses,
    take: async (kind) => void taken.push(kind),
    observe: async ({ status }) => void statuses.push(status),
  };
}

/** Real time, but for waiting, which is over at once and written down. */
export function hastyClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return { slept, now: () => new Date(), monotonicMs: () => performance.now(), sleep: async (ms) => void slept.push(ms) };
}

export const clientForSpec = (options: Partial<DigitalOceanOptions> & { baseUrl: string }) =>
  createDigitalOcean({ token: 'dop_v1_secret', budget: openBudget(), clock: hastyClock(), random: () => 0.5, logger: createMemoryLogger().logger, ...options });

export const anOrder: DropletSpec = {
  name: 'bot-0198c0de-g1',
  region: 'fra1',
  size: 's-1vcpu-2gb',
  image: 'debian-12-x64',
  tags: ['fleet:test', 'bot:0198c0de', 'gen:1'],
  user_data: '#cloud-config\n',
};
