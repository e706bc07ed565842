import { z } from 'zod';
import { JsonObject, Timestamp } from './common.js';

/**
 * What OpenClaw skills and command jobs tell the agent on their own machine: POST /reports on its loopback listener with
 * the local report token, or `bot-agent report <kind>`. They know nothing of the network, of ids or of the config version:
 * the agent adds those, spools on disk, answers 202, and sends when it can.
 */
const Amount = z.number().refine(Number.isFinite, 'expected a finite number');
const Symbol = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/:-]{0,39}$/);

/** A fill, paper or live. Becomes an event of type `trade`. */
export const TradeReport = z.strictObject({
  kind: z.literal('trade'),
  symbol: Symbol,
  side: z.enum(['buy', 'sell']),
  quantity: Amount.positive(),
  price: Amount.positive(),
  /** In the quote currency. */
  fee: Amount.min(0).default(0),
  mode: z.enum(['paper', 'live']).default('paper'),
  /** The caller's own id of the fill: saying it again is harmless. */
  client_id: z.string().min(1).max(100).optional(),
  at: Timestamp.optional(),
  data: JsonObject.default({}),
});

/** What the account is worth. Becomes metrics `equity` and, when given, `cash` and `exposure`, in USD. */
export const EquityReport = z.strictObject({
  kind: z.literal('equity'),
  equity_usd: Amount,
  cash_usd: Amount.optional(),
  exposure_usd: Amount.min(0).optional(),
  at: Timestamp.optional(),
});

/** Something worth knowing. Becomes an event of type `note`. */
export const NoteReport = z.strictObject({
  kind: z.literal('note'),
  message: z.string().min(1).max(4000),
  severity: z.enum(['info', 'warning', 'error']).default('info'),
  client_id: z.string().min(1).max(100).optional(),
  at: Timestamp.optional(),
  data: JsonObject.default({}),
});

/** Any other number. */
export const MetricReport = z.strictObject({
  kind: z.literal('metric'),
  name: z.string().regex(/^[a-z][a-z0-9_.]{0,99}$/),
  value: Amount,
  labels: z.record(z.string().max(60), z.string().max(200)).default({}),
  at: Timestamp.optional(),
});

export const LocalReport = z.discriminatedUnion('kind', [TradeReport, EquityReport, NoteReport, MetricReport]);
export type LocalReport = z.infer<typeof LocalReport>;

/** Body of POST /reports: one report or up to 100. */
export const LocalReports = z.union([LocalReport, z.array(LocalReport).min(1).max(100)]);
export type LocalReports = z.infer<typeof LocalReports>;
