import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian keeps authorities that its administrator added: a company's proxy or mirror, mostly. */
const FOLDER = '/usr/local/share/ca-certificates';

/** PEM of the authorities that this computer needs beside the public ones to reach package registries: so do machines on it. */
export function localAuthorities(folder = FOLDER): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((name) => name.endsWith('.crt'));
  return files.flatMap((name) => certificatesIn(readFileSync(join(folder, name), 'utf8')));
}

/** Each with its line break, without what people write around them. */
export function certificatesIn(text: string): string[] {
  const found = text.replaceAll('\r', '').match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((certificate) => `${certificate}\n`);
}
