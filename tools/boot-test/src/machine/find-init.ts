import { readFileSync } from 'node:fs';

/** The process that is number 1 inside the machine that this one, or what it started, runs; null while there is none. */
export function findInit(pid: number): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    for (const child of children) {
      const init = isFirstOfItsNamespace(readFileSync(`/proc/${child}/status`, 'utf8')) ? child : findInit(child);
      if (init !== null) return init;
    }
    return null;
  } catch {
    return null; // one of them ended while we looked
  }
}

const isFirstOfItsNamespace = (status: string): boolean => /^Name:\t(?:systemd|init)$/m.test(status) && /^NSpid:(?:\t\d+)*\t1$/m.test(status);
