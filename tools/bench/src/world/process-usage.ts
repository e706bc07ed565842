import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Of one process: processor seconds since it began, and resident memory in bytes. Null where there is no /proc. */
export type Usage = { cpuSeconds: number; rssBytes: number };

const ticksPerSecond = (): number => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
let ticks: number | undefined;

export function usageOf(pid: number): Usage | null {
  try {
    ticks ??= ticksPerSecond();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the command's name, which may hold anything: state is the first field, utime and stime the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticks, rssBytes: Number(rss) * 1024 };
  } catch {
    return null;
  }
}
