import type { DropletFilter } from '../requests.js';
import { type AnsweringServer, clientForSpec, sayJson, startAnsweringServer } from '../testing/index.js';

type Row = { id: number; name: string; status: string; created_at: string; tags: string[] };
const row = (id: number, tags = ['fleet:a']): Row => ({ id, name: `bot-${id}`, status: 'active', created_at: '2026-11-21T12:00:00Z', tags });

let server: AnsweringServer;
let rows: Row[];
let beforePage: (page: number) => void;

beforeEach(async () => {
  beforePage = () => undefined;
  server = await startAnsweringServer(({ url }, res) => {
    const page = Number(new URL(url, 'http://x').searchParams.get('page'));
    beforePage(page);
    const next = page * 200 < rows.length ? { next: 'https://api.digitalocean.com/v2/droplets?page=2' } : {};
    sayJson(res, 200, { droplets: rows.slice((page - 1) * 200, page * 200), links: { pages: next }, meta: { total: rows.length } });
  });
});
afterEach(() => server.stop());

const list = (filter: DropletFilter = { tag: 'fleet:a' }) => clientForSpec({ baseUrl: server.url }).listDroplets(filter);
const ids = (droplets: { id: number }[]): number[] => droplets.map(({ id }) => id);
const upTo = (count: number): Row[] => Array.from({ length: count }, (_, index) => row(index + 1));

describe('listing droplets', () => {
  it('reads every page, 200 droplets at a time, from our own address', async () => {
    rows = upTo(450);

    expect(ids(await list())).toEqual(ids(rows));
    expect(server.asked.map(({ url }) => url)).toEqual([1, 2, 3].map((page) => `/v2/droplets?tag_name=fleet:a&page=${page}&per_page=200`));
  });

  it('misses nobody when a droplet is deleted between two pages', async () => {
    rows = upTo(450);
    let deleted = false;
    beforePage = (page) => {
      if (page === 2 && !deleted) rows = rows.slice(1);
      deleted ||= page === 2;
    };

    expect(new Set(ids(await list()))).toEqual(new Set(ids(upTo(450))));
  });

  it('leaves out rows without the tag: a filter that was not applied must not show others their end', async () => {
    rows = [row(1), row(2, []), row(3, ['fleet:ab']), row(4, ['other', 'fleet:a'])];

    expect(ids(await list())).toEqual([1, 4]);
  });

  it('finds by name whatever its case, and by nothing else', async () => {
    rows = [{ ...row(1), name: 'Bot-1' }, row(2)];

    expect(ids(await list({ name: 'bot-1' }))).toEqual([1]);
  });

  it('counts whatever there is in the account, with one row of it', async () => {
    rows = [row(1), row(2, []), row(3, ['other'])];

    expect(await clientForSpec({ baseUrl: server.url }).countDroplets()).toBe(3);
    expect(server.asked.map(({ url }) => url)).toEqual(['/v2/droplets?page=1&per_page=1']);
  });

  it.each([
    ['neither tag nor name', {}],
    ['both', { tag: 'fleet:a', name: 'bot-1' }],
    ['a misspelt one', { tagname: 'fleet:a' }],
    ['an empty tag', { tag: '' }],
  ])('refuses a filter with %s: it could list every droplet of the account', async (_what, filter) => {
    rows = upTo(1);

    await expect(list(filter as never)).rejects.toThrow();
    expect(server.asked).toEqual([]);
  });
});
