import { type Result, type Results } from './result.js';

/** Three digits that matter, with thousands apart. */
export function formatNumber(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const cells = (name: string, result: Result): string[] => [
  `\`${name}\``,
  `${formatNumber(result.value)} ${result.unit}`,
  result.baseline === null ? '' : formatNumber(result.baseline),
  result.ratio === null ? '' : result.ratio.toFixed(2),
  result.target,
  result.met ? 'yes' : '**no**',
];

export const HEADER = ['name', 'value', 'baseline', 'ratio', 'target', 'met'];

/** One line of a Markdown table per result. */
export const rowsOf = (results: Results): string[] => Object.entries(results).map(([name, result]) => `| ${cells(name, result).join(' | ')} |`);

/** For the terminal: the same, in columns. */
export function printTable(results: Results): string {
  const rows = [HEADER, ...Object.entries(results).map(([name, result]) => cells(name, result).map((cell) => cell.replace(/[`*]/g, '')))];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
