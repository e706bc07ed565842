import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { tolerateBrokenPipe } from './tolerate-broken-pipe.js';

describe('an output that nobody reads any more', () => {
  it('is no failure', async () => {
    const reader = spawn('sh', ['-c', 'exec <&-; echo deaf; exec sleep 60'], { stdio: ['pipe', 'pipe', 'ignore'] });
    tolerateBrokenPipe(reader.stdin);
    await once(reader.stdout, 'data');

    reader.stdin.write('said to nobody');
    await new Promise((resolve) => reader.stdin.once('close', resolve));
    const gone = once(reader, 'exit');
    reader.kill();
    await gone;

    expect(reader.stdin.errored).toMatchObject({ code: 'EPIPE' });
  });

  it('is a failure when it could not be written for another reason', () => {
    const output = new Writable();
    tolerateBrokenPipe(output);

    expect(() => output.emit('error', Object.assign(new Error('no room'), { code: 'ENOSPC' }))).toThrow('no room');
    expect(() => output.emit('error', Object.assign(new Error('gone'), { code: 'EPIPE' }))).not.toThrow();
  });
});
