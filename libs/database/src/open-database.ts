import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { PrismaClient, type Transaction } from './prisma.js';

export type Database = {
  prisma: PrismaClient;
  /** The same connections, for statements that have to be fast. */
  pool: Pool;
  /** All or nothing; rolled back when `fn` rejects. Waits at most 5 s for a connection and may take 15 s. */
  transaction: <T>(fn: (tx: Transaction) => Promise<T>) => Promise<T>;
  /** Waits for running statements, then ends every connection. */
  close: () => Promise<void>;
};

export type DatabaseOptions = {
  url: string;
  /** Most connections at a time (default 10). */
  poolSize?: number;
  /** Told about connections that broke while idle; the pool replaces them by itself. */
  logger?: { warn: (details: object, message: string) => void };
};

const waitMs = 5_000;
const transactionMs = 15_000;
const statementMs = 30_000;

/** One pool for Prisma and for `pg`. Rejects when the database does not answer: an app without it should not start. */
export async function openDatabase({ url, poolSize = 10, logger }: DatabaseOptions): Promise<Database> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: waitMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
  });
  // Without a listener, a connection that breaks while idle would end the process.
  pool.on('error', (error) => logger?.warn({ err: error }, 'an idle database connection broke'));
  // So would one that breaks while somebody holds it between two statements: whoever does learns it from the next one.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  const close = async () => {
    await prisma.$disconnect();
    await pool.end();
  };
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    prisma,
    pool,
    transaction: (fn) => prisma.$transaction(fn, { maxWait: waitMs, timeout: transactionMs }),
    close,
  };
}
