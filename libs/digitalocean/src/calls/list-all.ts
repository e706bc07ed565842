import type { z } from 'zod';
import type { CallOptions } from '../digitalocean.js';
import { DigitalOceanError } from '../digitalocean-error.js';
import { type ApiDeps, callApi } from './call-api.js';

const PAGE_SIZE = 200;
const MAX_PAGES = 50;

/** Every page of one of the short lists: regions, sizes, keys, VPCs, firewalls. */
export async function listAll<Answer extends z.ZodType<{ links?: { pages?: { next?: string | undefined } | undefined } | undefined }>, Row>(
  deps: ApiDeps,
  input: { path: string; schema: Answer; rows: (answer: z.output<Answer>) => Row[]; options?: CallOptions | undefined },
): Promise<Row[]> {
  const all: Row[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { path, schema, options } = input;
    const answer = await callApi(deps, { method: 'GET', path, query: { page, per_page: PAGE_SIZE }, kind: 'read', schema, options });
    if (!answer) throw new DigitalOceanError(`DigitalOcean GET ${path}: there is no such list`, { kind: 'unreachable', status: 404 });
    all.push(...input.rows(answer));
    if (answer.links?.pages?.next === undefined) return all;
  }
  throw new DigitalOceanError(`DigitalOcean GET ${input.path}: no end after ${MAX_PAGES} pages`, { kind: 'unreachable' });
}
