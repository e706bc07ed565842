export type Reply = { status: number; body?: object };

export const refused = (status: number, id: string, message: string): Reply => ({ status, body: { id, message } });

export const notFound = (): Reply => refused(404, 'not_found', 'The resource you were accessing could not be found.');

export const unprocessable = (message: string): Reply => refused(422, 'unprocessable_entity', message);

/** One page of `rows` under `key`, as every list of the API is given; 20 rows unless asked otherwise, 200 at most. */
export function pageOf(key: string, rows: readonly object[], request: { query: URLSearchParams; path: string; origin: string }): Reply {
  const perPage = Math.min(200, Math.max(1, Number(request.query.get('per_page') ?? 20)));
  const page = Math.max(1, Number(request.query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(rows.length / perPage));
  const link = (number: number): string => {
    const query = new URLSearchParams(request.query);
    query.set('page', String(number));
    query.set('per_page', String(perPage));
    return `${request.origin}${request.path}?${query.toString()}`;
  };
  const pages = {
    ...(page > 1 ? { first: link(1), prev: link(page - 1) } : {}),
    ...(page < last ? { next: link(page + 1), last: link(last) } : {}),
  };
  const body = { [key]: rows.slice((page - 1) * perPage, page * perPage), links: last > 1 ? { pages } : {}, meta: { total: rows.length } };
  return { status: 200, body };
}
