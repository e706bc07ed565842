import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { certificatesIn } from './certificates.js';

/** As openssl writes them, in lines of 64 characters. */
const [first = '', second = ''] = rootCertificates.slice(0, 2).map((pem) => new X509Certificate(pem).toString());

describe('the certificates of a file', () => {
  it.each([
    ['comments and the text of each before it', `# ISRG Root\n=========\nCertificate:\n    Issuer: C=US\n${first}\n\n# Another\n${second}\n`],
    ['line ends of Windows', `${first}\n${second}\n`.replaceAll('\n', '\r\n')],
    ['no line end at its end', `${first}${second.trimEnd()}`],
    ['a byte order mark and letters of other alphabets', `\u{feff}# Własny urząd\n${first}\n${second}\n`],
    ['a private key, which stays where it is', `${first}\n-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n${second}\n`],
  ])('are found in one with %s', (_what, pem) => {
    expect(certificatesIn(pem)).toBe(`${first}${second}`);
  });

  it.each([
    ['', 'there is no certificate in it'],
    ['-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n', 'there is no certificate in it'],
    [`${first}\n-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n`, 'certificate number 2 cannot be read'],
  ])('are not made up: %j', (pem, sentence) => {
    expect(() => certificatesIn(pem)).toThrow(sentence);
  });
});
