// Applies prisma/grants.sql: one narrow role per app.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prismaFolder } from './migrations.mjs';

export const roles = /** @type {const} */ (['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner']);

const insufficientPrivilege = '42501';
/** Roles belong to the whole server: two databases deployed at once may both try to make them. */
const lostRace = ['23505', '42710', 'XX000', '40001', '40P01'];

/**
 * Makes the roles, sets their rights and the passwords given. False when the connecting user may not: then every app
 * has to use DATABASE_URL as it is.
 * @param {import('pg').Client} client @param {Partial<Record<typeof roles[number], string>>} passwords
 */
export async function applyGrants(client, { passwords = {}, warn = console.warn } = {}) {
  try {
    await inTransaction(client, readFileSync(join(prismaFolder, 'grants.sql'), 'utf8'));
    for (const [role, password] of Object.entries(passwords)) await setPassword(client, role, password);
    return true;
  } catch (error) {
    if (error.code !== insufficientPrivilege) throw error;
    warn(`warning: this database user may not manage roles (${error.message}): all apps have to connect with DATABASE_URL`);
    return false;
  }
}

async function inTransaction(client, sql, attempt = 1) {
  try {
    await client.query(`BEGIN;\n${sql}\nCOMMIT;`);
  } catch (error) {
    await client.query('ROLLBACK');
    if (!lostRace.includes(error.code) || attempt === 5) throw error;
    await inTransaction(client, sql, attempt + 1);
  }
}

async function setPassword(client, role, password) {
  if (!roles.includes(role)) throw new Error(`unknown role ${role}: expected one of ${roles.join(', ')}`);
  await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} PASSWORD ${client.escapeLiteral(password)}`);
}
