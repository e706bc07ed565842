import { type PublisherEnv } from './publisher-env.js';
import { statusUrl } from './status-url.js';

export type PublisherSettings = { url: URL; apiKey: string };

/** Where and with which key to publish; null when publishing is not wanted. Throws an Error that says what is wrong, without values. */
export function publisherSettings(env: Pick<PublisherEnv, 'OPENCLAW_BASE_URL' | 'OPENCLAW_API_KEY'>): PublisherSettings | null {
  if (env.OPENCLAW_BASE_URL === undefined) return null;
  if (env.OPENCLAW_API_KEY === undefined) throw new Error('OPENCLAW_BASE_URL is set, so OPENCLAW_API_KEY is needed as well');
  try {
    return { url: statusUrl(env.OPENCLAW_BASE_URL), apiKey: env.OPENCLAW_API_KEY };
  } catch (error) {
    throw new Error(`OPENCLAW_BASE_URL: ${error instanceof Error ? error.message : 'not usable'}`, { cause: error });
  }
}
