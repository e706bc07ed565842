import { z } from 'zod';

/** The gateway's protocol version this agent speaks (OpenClaw 2026.9.6). */
export const PROTOCOL_VERSION = 4;

/** `error` of a `res` frame, and of a refused `connect`. */
export const WireError = z.object({
  code: z.string(),
  message: z.string(),
  details: z.looseObject({}).optional().catch(undefined),
  retryAfterMs: z.number().optional(),
});
export type WireError = z.infer<typeof WireError>;

export const ResponseFrame = z.object({
  type: z.literal('res'),
  id: z.string(),
  ok: z.boolean(),
  payload: z.unknown().optional(),
  error: WireError.optional(),
});
export type ResponseFrame = z.infer<typeof ResponseFrame>;

export const EventFrame = z.object({ type: z.literal('event'), event: z.string(), payload: z.unknown().optional() });
export type EventFrame = z.infer<typeof EventFrame>;

/** A frame of a kind this agent does not know is `null`: newer gateways may send more. */
export function parseFrame(text: string): ResponseFrame | EventFrame | null {
  const parsed = z.discriminatedUnion('type', [ResponseFrame, EventFrame]).safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

/** Answer to `connect`; the boot id changes with every start of the gateway, in-process restarts included. */
export const Hello = z.object({ server: z.object({ version: z.string(), bootId: z.string() }) });
export type Hello = z.infer<typeof Hello>;

/** Parameters of `connect`: over loopback this client id and mode need no device identity to get admin scope. */
export const connectParams = (input: { token: string; agentVersion: string; platform: string }) => ({
  minProtocol: PROTOCOL_VERSION,
  maxProtocol: PROTOCOL_VERSION,
  client: { id: 'gateway-client', version: input.agentVersion, platform: input.platform, mode: 'backend' },
  role: 'operator',
  scopes: ['operator.admin'],
  caps: [],
  auth: { token: input.token },
});
