import { join } from 'node:path';

/** The one that comes with the app. */
export const registrationFile = join(__dirname, '../../agent-registration.yaml');
