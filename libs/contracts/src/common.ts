import { z } from 'zod';

/** RFC 9562 UUID; ours are version 7, so that they sort by time. */
export const Uuid = z.uuid();
export const BotId = Uuid;
export type BotId = z.infer<typeof BotId>;

/** RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. Year 0 is none: Postgres does not know it. */
export const Timestamp = z.iso.datetime({ offset: false }).refine((text) => !text.startsWith('0000-'), 'there was no year 0');
export type Timestamp = z.infer<typeof Timestamp>;

/** A digest as it travels: algorithm, colon, lower-case hex. */
export const Sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');
export type Sha256 = z.infer<typeof Sha256>;

/** Config version in the bots' messages: a decimal string (as in the seed), 1 and up. */
export const WireVersion = z.string().regex(/^[1-9][0-9]{0,8}$/, 'expected a positive decimal number');
export type WireVersion = z.infer<typeof WireVersion>;

/** Config version in the control-plane API. */
export const ConfigVersionNumber = z.int().min(1).max(999_999_999);

export const MachineGeneration = z.int().min(1).max(999_999);

/** Name of a secret of one bot, e.g. `llm_api_key`. */
export const SecretName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'expected lower-case letters, digits and _');
export type SecretName = z.infer<typeof SecretName>;

/** How a payload names a secret: never by value. */
export const SecretReference = z.object({ secret: SecretName, version: z.int().min(1) });
export type SecretReference = z.infer<typeof SecretReference>;

/** Any JSON object. */
export const JsonObject = z.record(z.string(), z.json());
export type JsonObject = z.infer<typeof JsonObject>;
export type JsonValue = z.infer<ReturnType<typeof z.json>>;

/** One finding about one path, as OpenClaw and zod both give it. */
export const Issue = z.object({ path: z.string(), message: z.string() });
export type Issue = z.infer<typeof Issue>;
