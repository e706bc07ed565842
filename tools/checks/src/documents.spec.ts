import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { problems } from '@trawling/contracts';

const root = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docs/errors.md', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => ({ code, status: Number(status) }));

  it('lists every code of the error table with its status, and no other', () => {
    const table = Object.entries(problems).map(([code, { status }]) => ({ code, status }));

    const byCode = (a: { code?: string | undefined }, b: { code?: string | undefined }): number => (a.code ?? '').localeCompare(b.code ?? '');
    expect(rows.sort(byCode)).toEqual(table.sort(byCode));
  });
});

describe('the documents', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => join('docs', file))];

  it.each(pages)('%s links only to files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target ?? '').filter((target) => !/^[a-z]+:/.test(target));

    expect(links.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it.each(pages)('%s names only source files that are there', (page) => {
    const named = [...read(page).matchAll(/`((?:apps|libs|tools|prisma|e2e|docker)\/[\w./-]+\.(?:ts|mjs|sql|prisma|json|yml))`/g)].map(([, path]) => path ?? '');

    expect(named.filter((path) => !path.includes('/dist/') && !existsSync(join(root, path)))).toEqual([]);
  });

  it('the list of decisions names every decision once', () => {
    const listed = [...read('docs/adr/README.md').matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map(([, file]) => file);

    expect(listed).toEqual(readdirSync(join(root, 'docs/adr')).filter((file) => /^\d{4}/.test(file) && !file.startsWith('0000')).sort());
  });
});
