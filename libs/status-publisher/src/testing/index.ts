export { createTestAuthority, type TestAuthority, type TestCertificate } from './test-authority.js';
export { behaviours, startTestReceiver, type Behaviour, type TestReceiver } from './test-receiver.js';
