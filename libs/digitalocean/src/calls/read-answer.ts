import type { z } from 'zod';
import { Refusal } from '../answers.js';
import type { HttpAnswer } from './send.js';

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Null: not what DigitalOcean's description says. HTML of a proxy, half an answer, another API. */
export function readAs<S extends z.ZodType>(schema: S, answer: HttpAnswer): z.output<S> | null {
  return schema.safeParse(parseJson(answer.text)).data ?? null;
}

/** The API's own words for a no; null when somebody in between said it. */
export const readRefusal = (answer: HttpAnswer): Refusal | null => readAs(Refusal, answer);

/**
 * Whether DigitalOcean says that a thing is not there. A bare 404 may come from a proxy or a wrong address, and taking
 * that for "gone" would declare every droplet of the fleet dead.
 */
export const isNotFound = (answer: HttpAnswer): boolean => answer.status === 404 && readRefusal(answer)?.id === 'not_found';
