import { type Prisma } from './generated/prisma/client.js';

/** What stores work on: Prisma's client inside a transaction, or outside one. */
export type Transaction = Prisma.TransactionClient;
export { Prisma, PrismaClient } from './generated/prisma/client.js';
