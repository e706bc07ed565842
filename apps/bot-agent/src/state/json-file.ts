import { type z } from 'zod';
import { type Host } from '../host.js';

export interface JsonFile<T> {
  /** What is on the disk: this process is the only one that writes it. */
  current(): T | null;
  write(value: T): Promise<void>;
  remove(): Promise<void>;
}

/**
 * One JSON document of the agent's state: read once, replaced as a whole when written. Not readable as what it should
 * be: as if it never was.
 */
export async function openJsonFile<T>(host: Host, path: string, schema: z.ZodType<T>): Promise<JsonFile<T>> {
  let current = parse(schema, await host.readText(path));
  return {
    current: () => current,
    write: async (value) => {
      await host.writeAtomic(path, JSON.stringify(value));
      current = value;
    },
    remove: async () => {
      await host.remove(path);
      current = null;
    },
  };
}

function parse<T>(schema: z.ZodType<T>, text: string | null): T | null {
  if (text === null) return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
