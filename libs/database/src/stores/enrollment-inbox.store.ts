import type { EnrollRequest } from '@trawling/contracts';
import { notify } from '../change-feed/notify.js';
import type { Transaction } from '../prisma.js';
import type { Queryable } from '../queryable.js';

/** What the sync-adapter may know of a token: whose it is, never its secret. */
export interface EnrollmentTokenRow {
  botId: string;
  generation: number;
  /** Checks what the machine reports of its boot before it has a credential; null for tokens from before there was one. */
  bootKey: string | null;
  currentGeneration: number;
  decommissionRequestedAt: Date | null;
}

export interface EnrollmentRequestRow {
  id: string;
  state: string;
  /** Problem code when refused. */
  code: string | null;
  reason: string | null;
}

export interface NewEnrollmentRequest {
  id: string;
  botId: string;
  tokenId: string;
  request: EnrollRequest;
  requestHash: string;
}

/** Where the sync-adapter leaves enrollment requests for the control plane, and finds its verdicts. */
export const enrollmentInboxStore = (db: Queryable) => ({
  async findEnrollmentToken(tokenId: string): Promise<EnrollmentTokenRow | null> {
    const { rows } = await db.query<EnrollmentTokenRow>({
      name: 'find-enrollment-token',
      text: `
        SELECT t.bot_id AS "botId", t.generation, t.boot_key AS "bootKey", b.machine_generation AS "currentGeneration",
          b.decommission_requested_at AS "decommissionRequestedAt"
        FROM enrollment_token t JOIN bot b ON b.id = t.bot_id WHERE t.id = $1`,
      values: [tokenId],
    });
    return rows[0] ?? null;
  },

  async findEnrollmentRequest(requestHash: string): Promise<EnrollmentRequestRow | null> {
    const { rows } = await db.query<EnrollmentRequestRow>({
      name: 'find-enrollment-request',
      text: 'SELECT id, state, code, reason FROM enrollment_request WHERE request_hash = $1',
      values: [requestHash],
    });
    return rows[0] ?? null;
  },
});

/** Leaves the request for the control plane and tells it once committed; the same request again changes nothing. */
export async function insertEnrollmentRequest(tx: Transaction, row: NewEnrollmentRequest): Promise<void> {
  const { count } = await tx.enrollmentRequest.createMany({ data: [row], skipDuplicates: true });
  if (count > 0) await notify(tx, { topic: 'enrollment_requested', ids: [row.id] });
}
