import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file and nothing else of it: bundles have comments, text of the certificates and line ends
 * of other systems in them. Throws Error with a sentence when there is none, or one that is none.
 */
export function certificatesIn(pem: string): string {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new Error('there is no certificate in it ("-----BEGIN CERTIFICATE-----")');
  return blocks
    .map((block, index) => {
      try {
        return new X509Certificate(block).toString();
      } catch {
        throw new Error(`its certificate number ${index + 1} cannot be read`);
      }
    })
    .join('');
}
