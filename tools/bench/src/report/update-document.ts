import { HEADER, rowsOf } from './print-table.js';
import { type Results } from './result.js';

const BEGIN = '<!-- results: written by npm run bench -->';
const END = '<!-- end of results -->';

/**
 * The document with the rows of these results in its table; rows of what was not measured this time stay. `machine` is
 * one line on where the newest were measured. Throws when the document has lost its markers.
 */
export function updateDocument(document: string, results: Results, machine: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The document has no ${BEGIN} … ${END}`);
  const rows = new Map([...rowsIn(document.slice(begin, end)), ...rowsOf(results).map((row): [string, string] => [nameOf(row), row])]);
  const table = [`| ${HEADER.join(' | ')} |`, `|${HEADER.map(() => ' --- |').join('')}`, ...rows.values()];
  return `${document.slice(0, begin)}${BEGIN}\n${machine}\n\n${table.join('\n')}\n${document.slice(end)}`;
}

const nameOf = (row: string): string => /^\| `([^`]+)`/.exec(row)?.[1] ?? '';

const rowsIn = (text: string): [string, string][] =>
  text.split('\n').filter((line) => nameOf(line) !== '').map((line) => [nameOf(line), line]);
