import { InstanceId } from '@trawling/contracts';
import { z } from 'zod';
import { statusUrl } from './status-url.js';

/** Nothing that could end a header or hide in one. */
const ApiKey = z.string().regex(/^[\x21-\x7e]{1,1000}$/, 'expected printable characters without spaces');

const BaseUrl = z.string().superRefine((text, context) => {
  try {
    statusUrl(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not a URL' });
  }
});

/** The variables of a process that publishes its status: spread `...PublisherEnv.shape` into an app's own Env. */
export const PublisherEnv = z.object({
  OPENCLAW_BASE_URL: BaseUrl.optional().describe('Where this process publishes its status: https, plain http only to this machine; without it nothing is published'),
  OPENCLAW_API_KEY: ApiKey.optional().describe('Key it publishes with, needed with OPENCLAW_BASE_URL: one of role publisher is enough'),
  OPENCLAW_PUBLISH_SECONDS: z.coerce.number().int().min(1).max(120).default(30).describe('Seconds between two statuses, 1 to 120'),
  INSTANCE_ID: InstanceId.optional().describe('What this process is called in the directory, one process at a time; by default a new UUID at each start'),
  AGENT_REGISTRATION_FILE: z.string().optional().describe('YAML or JSON file that says what this process can do; by default the one that comes with it'),
});
export type PublisherEnv = z.output<typeof PublisherEnv>;
