import { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** Who, what, from, to. Never holds a secret: secrets are named, not shown. */
export type NewAuditEntry = {
  id: string;
  botId: string | null;
  /** `api-key:<id>`, `machine:<generation>`, `admin-cli` or the name of a service. */
  actor: string;
  action: string;
  before: unknown;
  after: unknown;
  requestId: string | null;
};

export async function insertAuditEntry(tx: Tx, entry: NewAuditEntry): Promise<void> {
  await tx.auditEntry.create({ data: { ...entry, before: json(entry.before), after: json(entry.after) } });
}

function json(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  if (value === null || value === undefined) return Prisma.DbNull;
  const plain: Prisma.InputJsonValue = JSON.parse(JSON.stringify(value));
  return plain;
}
