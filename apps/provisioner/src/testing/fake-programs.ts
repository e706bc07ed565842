import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Small programs that stand for agent and gateway. They do what matters to a supervisor: write who they are, detach
 * helpers, refuse to end, crash. A file `<role>.json` in the machine's folder tells them how to behave this time.
 */
const AGENT = `
const fs = require('node:fs'), path = require('node:path');
const machine = process.argv[process.argv.indexOf('--machine') + 1];
const home = path.dirname(machine);
const log = (line) => fs.appendFileSync(path.join(home, 'agent.runs'), line + '\\n');
log('start ' + process.pid + ' ' + (process.env.DATABASE_URL ?? 'clean'));
const plan = fs.existsSync(path.join(home, 'agent.json')) ? JSON.parse(fs.readFileSync(path.join(home, 'agent.json'), 'utf8')) : {};
if (plan.exit !== undefined) process.exit(plan.exit);
if (plan.enroll !== false) fs.writeFileSync(path.join(home, 'agent', 'credential'), 'ttb_fake');
process.on('SIGTERM', () => { log('term'); process.exit(0); });
setInterval(() => {}, 1000);
`;

const GATEWAY = `
const fs = require('node:fs'), path = require('node:path'), http = require('node:http');
const { spawn } = require('node:child_process');
const home = process.env.HOME;
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const log = (line) => fs.appendFileSync(path.join(home, 'gateway.runs'), line + '\\n');
log('start ' + process.pid);
const plan = fs.existsSync(path.join(home, 'gateway.json')) ? JSON.parse(fs.readFileSync(path.join(home, 'gateway.json'), 'utf8')) : {};
if (plan.exit !== undefined) process.exit(plan.exit);
// As OpenClaw's spawn broker and the commands of its jobs do: a session of its own, no parent.
if (plan.orphan) spawn('setsid', [process.execPath, '-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref();
process.on('SIGTERM', () => { log('term'); if (!plan.stubborn) process.exit(0); });
http.createServer((req, res) => res.setHeader('content-type', 'application/json').end('{"ok":true}')).listen(port, '127.0.0.1', () => log('listening'));
`;

/** The fake gateway as an OpenClaw installation. */
export function writeFakeOpenclaw(folder: string): { node: string; openclawMjs: string; version: string } {
  mkdirSync(folder, { recursive: true });
  const openclawMjs = join(folder, 'openclaw.cjs');
  writeFileSync(openclawMjs, GATEWAY);
  return { node: process.execPath, openclawMjs, version: '2026.9.6' };
}

/** The fake agent as the sync-adapter serves it. */
export const fakeAgent = {
  content: Buffer.from(AGENT),
  sha256: `sha256:${createHash('sha256').update(AGENT).digest('hex')}`,
};
