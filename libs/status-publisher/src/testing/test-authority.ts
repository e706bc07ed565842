import './reflect-metadata.js';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** What a TLS server is opened with; PEM. */
export type TestCertificate = { cert: string; key: string };

export type TestAuthority = {
  /** Its own certificate, PEM: what a client trusts. */
  ca: string;
  /** A server's certificate for these host names and addresses. `expired`: was valid until yesterday. */
  issue: (options: { dns?: string[]; ip?: string[]; expired?: boolean }) => Promise<TestCertificate>;
};

/** A certificate authority of one test, made on the spot: nothing that could expire lies in the repository. */
export async function createTestAuthority(name = 'Test authority'): Promise<TestAuthority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: daysFromNow(-10),
    notAfter: daysFromNow(10),
    extensions: [new x509.BasicConstraintsExtension(true, 1, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  });
  return {
    ca: certificate.toString('pem'),
    async issue({ dns = [], ip = [], expired = false }) {
      const own = await newKeys();
      const issued = await x509.X509CertificateGenerator.create({
        subject: `CN=${dns[0] ?? ip[0] ?? 'nobody'}`,
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: daysFromNow(-5),
        notAfter: daysFromNow(expired ? -1 : 5),
        extensions: [
          new x509.SubjectAlternativeNameExtension([...dns.map((value) => ({ type: 'dns' as const, value })), ...ip.map((value) => ({ type: 'ip' as const, value }))]),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return { cert: issued.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);
