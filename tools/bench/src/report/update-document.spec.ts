import { below } from './result.js';
import { updateDocument } from './update-document.js';

const empty = '# Benchmarks\n\n<!-- results: written by npm run bench -->\n<!-- end of results -->\n\nHow.\n';

describe('docs/benchmarks.md', () => {
  it('gets a row per result and keeps what people wrote around the table', () => {
    const document = updateDocument(empty, { told_bulk: below(0.8, 's', 2) }, 'Measured on a machine.');

    expect(document.startsWith('# Benchmarks\n')).toBe(true);
    expect(document.endsWith('\n\nHow.\n')).toBe(true);
    expect(document).toContain('Measured on a machine.\n\n| name |');
    expect(document).toContain('| `told_bulk` | 0.8 s |');
  });

  it('keeps the rows of what was not measured this time', () => {
    const first = updateDocument(empty, { told_bulk: below(0.8, 's', 2), told_single: below(12, 'ms', 100) }, 'One.');
    const second = updateDocument(first, { told_bulk: below(1.5, 's', 2) }, 'Two.');

    expect(second).toContain('| `told_bulk` | 1.5 s |');
    expect(second).not.toContain('0.8 s');
    expect(second).toContain('| `told_single` | 12 ms |');
    expect(second).not.toContain('One.');
    expect(updateDocument(second, {}, 'Two.')).toBe(second);
  });

  it('is not written to when its markers are gone', () => {
    expect(() => updateDocument('# Benchmarks', {}, '')).toThrow('has no');
  });
});
