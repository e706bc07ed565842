import { readFileSync } from 'node:fs';

/** The last lines of a log on one line; empty when there is none. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).map((line) => line.slice(0, 600)).join(' | ');
  } catch {
    return '';
  }
}
