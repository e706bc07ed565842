import { readFileSync } from 'node:fs';

/** The process that is number 1 inside the machine that this systemd-nspawn runs; null while there is none yet. */
export function findInit(nspawnPid: number): number | null {
  try {
    const children = readFileSync(`/proc/${nspawnPid}/task/${nspawnPid}/children`, 'utf8').split(' ').filter(Boolean);
    const init = children.find((pid) => isFirstOfItsNamespace(readFileSync(`/proc/${pid}/status`, 'utf8')));
    return init === undefined ? null : Number(init);
  } catch {
    return null; // one of them ended while we looked
  }
}

const isFirstOfItsNamespace = (status: string): boolean => /^Name:\t(?:systemd|init)$/m.test(status) && /^NSpid:(?:\t\d+)*\t1$/m.test(status);
