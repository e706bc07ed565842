import type { Queryable } from '../queryable.js';

/** What the sync-adapter may know of a token: whose it is, never its secret. */
export interface EnrollmentTokenRow {
  botId: string;
  generation: number;
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
  request: unknown;
  requestHash: string;
}

/** Where the sync-adapter leaves enrollment requests for the control plane, and finds its verdicts. */
export const enrollmentInboxStore = (db: Queryable) => ({
  async findEnrollmentToken(tokenId: string): Promise<EnrollmentTokenRow | null> {
    const { rows } = await db.query<EnrollmentTokenRow>({
      name: 'find-enrollment-token',
      text: `
        SELECT t.bot_id AS "botId", t.generation, b.machine_generation AS "currentGeneration",
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

  /** False when the same request is there already. */
  async insertEnrollmentRequest(row: NewEnrollmentRequest): Promise<boolean> {
    const { rowCount } = await db.query({
      name: 'insert-enrollment-request',
      text: `
        INSERT INTO enrollment_request (id, bot_id, token_id, request, request_hash)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
      values: [row.id, row.botId, row.tokenId, JSON.stringify(row.request), row.requestHash],
    });
    return rowCount === 1;
  },
});
