import { z } from 'zod';
import { EnvError, envVariables, parseEnv } from './env.js';

const Env = z.object({
  PORT: z.coerce.number().int().default(4100).describe('The port.'),
  MASTER_KEYS: z.string().regex(/^\w+:\w+$/, 'expected id:base64').describe('Keys at rest.'),
  RATIO: z.coerce.number().describe('A number.'),
});

describe('parseEnv', () => {
  it('reads, coerces and defaults, and ignores variables it does not know', () => {
    const env = parseEnv(Env, { MASTER_KEYS: 'a:b', RATIO: '2', PATH: '/bin', PORT: '' });

    expect(env).toEqual({ PORT: 4100, MASTER_KEYS: 'a:b', RATIO: 2 });
  });

  it('lists every problem and never repeats a value', () => {
    const read = () => parseEnv(Env, { MASTER_KEYS: 'hunter2', PORT: 'x' });

    expect(read).toThrow(EnvError);
    expect(read).toThrow(/MASTER_KEYS: expected id:base64[\s\S]*RATIO: is not set \(A number\.\)/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('knows of each variable what help and .env.example say', () => {
    expect(envVariables(Env)).toEqual([
      { name: 'PORT', description: 'The port.', default: '4100', required: false },
      { name: 'MASTER_KEYS', description: 'Keys at rest.', default: undefined, required: true },
      { name: 'RATIO', description: 'A number.', default: undefined, required: true },
    ]);
  });
});
