import { z } from 'zod';
import type { CallOptions } from '../digitalocean.js';
import { TagName } from '../requests.js';
import { type ApiDeps, callApi } from './call-api.js';

/** POST is not repeated: when it fails, for whatever reason, a tag that is there is what was wanted. */
export async function createTag(deps: ApiDeps, name: string, options?: CallOptions): Promise<void> {
  const tag = TagName.parse(name);
  try {
    await callApi(deps, { method: 'POST', path: '/v2/tags', body: { name: tag }, kind: 'other', schema: null, options });
  } catch (error) {
    const there = await callApi(deps, { method: 'GET', path: tagPath(tag), kind: 'read', schema: z.looseObject({}), options }).catch(() => null);
    if (!there) throw error;
  }
}

export const tagPath = (name: string): string => `/v2/tags/${encodeURIComponent(TagName.parse(name))}`;
