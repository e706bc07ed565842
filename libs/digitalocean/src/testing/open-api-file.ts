import { join } from 'node:path';

/** DigitalOcean's own description of its API, for Prism. */
export const openApiFile = join(__dirname, '../../openapi/do-openapi.json');
