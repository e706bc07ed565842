import { type ChildProcess } from 'node:child_process';

/** Sends one message to a forked process and gives what it answers; rejects when it ends instead. One at a time. */
export function askChild(child: ChildProcess, message: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error(`${child.spawnfile} ended`));
    child.once('exit', ended);
    child.once('message', (reply) => {
      child.off('exit', ended);
      resolve(reply);
    });
    child.send(message);
  });
}
