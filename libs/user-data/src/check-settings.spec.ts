import { rootCertificates } from 'node:tls';
import { certificatesIn } from './certificates.js';
import { checkSharedSettings } from './check-settings.js';
import { userDataInput } from './testing/index.js';

describe('what all machines have in common', () => {
  const { sync_adapter_url, data_retrieval_url, sources } = userDataInput();
  const settings = { sync_adapter_url, data_retrieval_url, sources, ca_certificate_pem: null };

  it('passes when user data can be made of it', () => {
    checkSharedSettings(settings);
    checkSharedSettings({ ...settings, ca_certificate_pem: certificatesIn(rootCertificates.slice(0, 3).join('\n')) });
  });

  it('is found wrong before the first machine: a whole system’s authorities do not fit', () => {
    expect(() => checkSharedSettings({ ...settings, ca_certificate_pem: certificatesIn(rootCertificates.join('\n')) })).toThrow('more than 65536');
  });

  it('is found wrong with a sentence that names what it is', () => {
    expect(() => checkSharedSettings({ ...settings, ca_certificate_pem: '# a comment' })).toThrow(/at ca_certificate_pem$/);
  });
});
