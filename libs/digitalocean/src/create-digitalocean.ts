import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Clock, Logger } from '@trawling/runtime';
import { z } from 'zod';
import { AccountAnswer, ActionAnswer, DropletAnswer, ImageAnswer, RegionList, SizeList, SshKeyList, VpcList } from './answers.js';
import type { RequestBudget } from './budget/request-budget.js';
import { type ApiDeps, callApi } from './calls/call-api.js';
import { createDroplet, SEND_WITHIN_MS } from './calls/create-droplet.js';
import { createTag, tagPath } from './calls/create-tag.js';
import { ensureFirewall } from './calls/ensure-firewall.js';
import { listAll } from './calls/list-all.js';
import { countDroplets, listDroplets, listPage } from './calls/list-droplets.js';
import type { DigitalOcean } from './digitalocean.js';
import { DigitalOceanError } from './digitalocean-error.js';
import { ImageRef } from './requests.js';

export type DigitalOceanOptions = {
  token: string;
  budget: RequestBudget;
  clock: Clock;
  /** 0 to 1. */
  random: () => number;
  logger: Logger;
  /** Default: DigitalOcean itself. */
  baseUrl?: string;
  /** How long one request may take, in milliseconds (default 30 s). */
  requestTimeoutMs?: number;
};

const DIGITALOCEAN_API = 'https://api.digitalocean.com';
const Id = z.int().positive();

export function createDigitalOcean(options: DigitalOceanOptions): DigitalOcean {
  const { token, budget, clock, random, logger, baseUrl = DIGITALOCEAN_API, requestTimeoutMs = 30_000 } = options;
  const agent = new URL(baseUrl).protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const deps: ApiDeps = { token, baseUrl, agent, budget, clock, random, logger, requestTimeoutMs };
  const droplet = (id: number): string => `/v2/droplets/${Id.parse(id)}`;

  return {
    createTimeoutMs: SEND_WITHIN_MS + requestTimeoutMs,

    async account(call) {
      const answer = await callApi(deps, { method: 'GET', path: '/v2/account', kind: 'read', schema: AccountAnswer, options: call });
      if (!answer) throw new DigitalOceanError('DigitalOcean GET /v2/account: there is no account', { kind: 'refused', status: 404, id: 'not_found' });
      return answer.account;
    },

    listDroplets: (filter, call) => listDroplets(deps, filter, call),
    listPage: (filter, page, call) => listPage(deps, filter, page, call),
    countDroplets: (call) => countDroplets(deps, call),
    createDroplet: (spec, call) => createDroplet(deps, spec, call),

    async getDroplet(id, call) {
      const answer = await callApi(deps, { method: 'GET', path: droplet(id), kind: 'read', schema: DropletAnswer, options: call });
      return answer?.droplet ?? null;
    },

    async deleteDroplet(id, call) {
      await callApi(deps, { method: 'DELETE', path: droplet(id), kind: 'delete', schema: null, options: call });
    },

    async powerOn(id, call) {
      const body = { type: 'power_on' };
      const answer = await callApi(deps, { method: 'POST', path: `${droplet(id)}/actions`, body, kind: 'other', schema: ActionAnswer, options: call });
      return answer?.action ?? null;
    },

    async getAction(id, call) {
      const answer = await callApi(deps, { method: 'GET', path: `/v2/actions/${Id.parse(id)}`, kind: 'read', schema: ActionAnswer, options: call });
      return answer?.action ?? null;
    },

    createTag: (name, call) => createTag(deps, name, call),
    async deleteTag(name, call) {
      await callApi(deps, { method: 'DELETE', path: tagPath(name), kind: 'delete', schema: null, options: call });
    },
    ensureFirewall: (spec, call) => ensureFirewall(deps, spec, call),
    async deleteFirewall(id, call) {
      await callApi(deps, { method: 'DELETE', path: `/v2/firewalls/${encodeURIComponent(id)}`, kind: 'delete', schema: null, options: call });
    },

    regions: (call) => listAll(deps, { path: '/v2/regions', schema: RegionList, rows: (list) => list.regions, options: call }),
    sizes: (call) => listAll(deps, { path: '/v2/sizes', schema: SizeList, rows: (list) => list.sizes, options: call }),
    async image(ref, call) {
      const path = `/v2/images/${encodeURIComponent(ImageRef.parse(ref))}`;
      return (await callApi(deps, { method: 'GET', path, kind: 'read', schema: ImageAnswer, options: call }))?.image ?? null;
    },
    sshKeys: (call) => listAll(deps, { path: '/v2/account/keys', schema: SshKeyList, rows: (list) => list.ssh_keys, options: call }),
    vpcs: (call) => listAll(deps, { path: '/v2/vpcs', schema: VpcList, rows: (list) => list.vpcs, options: call }),

    close: () => agent.destroy(),
  };
}
