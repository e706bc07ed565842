import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './repository-files.js';

type Server = { pid: number; port: number; url: string };

/** Runs code that may use tools/pg.mjs and a data folder `dataDir`, in a process of its own; it ends by `say(…)`. */
function run(dataDir: string, code: string): { said: unknown; error: string } {
  const script = `
    import { adoptPostgres, startPostgres } from './tools/pg.mjs';
    import pg from 'pg';
    const dataDir = ${JSON.stringify(dataDir)};
    const settings = { fsync: 'off' };
    const say = (value) => console.log(JSON.stringify(value));
    const query = async (url, sql) => { const c = new pg.Client({ connectionString: url }); await c.connect(); const { rows } = await c.query(sql); await c.end(); return rows; };
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  return { said: stdout === '' ? null : JSON.parse(stdout), error: stderr };
}

function asServer(said: unknown): Server {
  if (typeof said !== 'object' || said === null || !('pid' in said) || !('port' in said) || !('url' in said)) throw new Error(`no server: ${JSON.stringify(said)}`);
  return { pid: Number(said.pid), port: Number(said.port), url: String(said.url) };
}

const isRoot = process.getuid?.() === 0;

describe('the embedded Postgres', () => {
  let folder: string;
  let dataDir: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawling-pg-spec-'));
    dataDir = join(folder, 'data');
    chmodSync(folder, 0o711); // passable, as a state folder below a home of 0755
  });
  afterAll(() => {
    run(dataDir, 'await (await adoptPostgres(dataDir))?.stop();');
    rmSync(folder, { recursive: true, force: true });
  });

  it('outlives a starter that is killed, is found again, and keeps its data over a restart', () => {
    const started = run(
      dataDir,
      `const server = await startPostgres({ dataDir, settings, detached: true });
       await query(server.url, 'CREATE TABLE kept (id int)');
       say(server);
       process.kill(process.pid, 'SIGKILL');`,
    );
    const server = asServer(started.said);

    const found = run(dataDir, 'const server = await adoptPostgres(dataDir); say(server);');
    expect(asServer(found.said)).toEqual(server);

    const restarted = run(
      dataDir,
      `await (await adoptPostgres(dataDir)).stop();
       const gone = await adoptPostgres(dataDir);
       const server = await startPostgres({ dataDir, settings, port: ${server.port} });
       say({ gone, rows: await query(server.url, 'SELECT count(*)::int AS tables FROM pg_tables WHERE tablename = $$kept$$') });
       await server.stop();`,
    );
    expect(restarted.said).toEqual({ gone: null, rows: [{ tables: 1 }] });
  });

  it('keeps a random password in a file that is ours alone', () => {
    expect(statSync(`${dataDir}.password`).mode & 0o777).toBe(0o600);
  });

  it('says what is wrong when its folder or its port is taken', () => {
    const { said } = run(
      dataDir,
      `const server = await startPostgres({ dataDir, settings });
       const reasonOf = (promise) => promise.then(() => 'started', (error) => error.message);
       say([
         await reasonOf(startPostgres({ dataDir, settings })),
         await reasonOf(startPostgres({ dataDir: dataDir + '-other', settings, port: server.port })),
         (await query(server.url, 'SELECT 1 AS still_there'))[0],
       ]);
       await server.stop();`,
    );

    expect(said).toEqual([
      expect.stringMatching(/^Postgres ended \(1\): .*lock file "postmaster.pid" already exists/),
      expect.stringMatching(/^Postgres ended \(1\): .*could not (?:bind|create any)/),
      { still_there: 1 },
    ]);
  });

  it('starts over when the folder was left half made', () => {
    const halfMade = `${dataDir}-half-made`;

    const { said } = run(
      halfMade,
      `import { mkdirSync, writeFileSync } from 'node:fs';
       mkdirSync(dataDir);
       writeFileSync(dataDir + '/PG_VERSION', '18');
       writeFileSync(dataDir + '.password', 'kept');
       writeFileSync(dataDir + '.unfinished', '');
       const server = await startPostgres({ dataDir, settings });
       say(await query(server.url, 'SELECT 1 AS answers'));
       await server.stop();`,
    );

    expect(said).toEqual([{ answers: 1 }]);
  });

  it('does not take a stranger for its own server', () => {
    const { said } = run(
      dataDir,
      `import { writeFileSync } from 'node:fs';
       import { join } from 'node:path';
       writeFileSync(join(dataDir, 'postmaster.pid'), [process.pid, dataDir, 0, 1, '', ''].join('\\n'));
       say(await adoptPostgres(dataDir));`,
    );

    expect(said).toBeNull();
  });

  if (isRoot) {
    it('runs below a folder that only root may enter', () => {
      const closed = mkdtempSync(join(tmpdir(), 'trawling-pg-closed-'));
      const hidden = join(closed, 'data');

      const { said, error } = run(
        hidden,
        `const server = await startPostgres({ dataDir, settings });
         say({ adopted: (await adoptPostgres(dataDir))?.pid === server.pid });
         await server.stop();`,
      );

      expect(error).toBe('');
      expect(said).toEqual({ adopted: true });
      expect(lstatSync(hidden).isSymbolicLink()).toBe(true);
      rmSync(`${realpathSync(hidden)}.link`);
      rmSync(realpathSync(hidden), { recursive: true });
      rmSync(closed, { recursive: true, force: true });
      expect(existsSync(hidden)).toBe(false);
    });
  }
});
