// Prisma's schema engine as WebAssembly, from npm: the native one is downloaded at run time, which not every network allows.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { migrationsFolder, prismaFolder, readMigrations } from './migrations.mjs';

const require = createRequire(import.meta.url);
const schemaFile = join(prismaFolder, 'schema.prisma');
const filters = { externalTables: [], externalEnums: [] };
/** Postgres' internal type "char", which the engine reads from the catalogue and the adapter does not know. */
const internalChar = 18;
const fixedChar = 1042;

/** Presents "char" columns as Character, and never touches a shadow database. */
class SchemaEngineAdapter extends PrismaPg {
  async connect() {
    const adapter = await super.connect();
    const performIO = adapter.performIO.bind(adapter);
    const queryRaw = adapter.queryRaw.bind(adapter);
    let charColumns = new Set();
    adapter.performIO = async (query) => {
      const result = await performIO(query);
      const fields = result.fields ?? [];
      charColumns = new Set(fields.flatMap((field, index) => (field.dataTypeID === internalChar ? [index] : [])));
      for (const index of charColumns) fields[index].dataTypeID = fixedChar;
      return result;
    };
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      return { ...result, columnTypes: result.columnTypes.map((type, index) => (charColumns.has(index) ? ColumnTypeEnum.Character : type)) };
    };
    return adapter;
  }

  /** With a connection string, the adapter's own version replays migrations into the main database. */
  async connectToShadowDb() {
    throw new Error('the schema engine is not given a shadow database');
  }
}

let loading = null;

/** One instance per process: the glue code keeps it in a module variable. */
function loadSchemaEngine() {
  loading ??= import('@prisma/schema-engine-wasm/schema_engine_bg').then((runtime) => {
    const file = join(dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')), 'schema_engine_bg.wasm');
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { './schema_engine_bg.js': runtime });
    runtime.__wbg_set_wasm(instance.exports);
    instance.exports.__wbindgen_start();
    return runtime;
  });
  return loading;
}

/** Runs `use` with an engine connected to that database and frees it after. @template T */
async function withSchemaEngine(connectionString, use) {
  const runtime = await loadSchemaEngine();
  const adapter = bindMigrationAwareSqlAdapterFactory(new SchemaEngineAdapter({ connectionString }));
  const engine = await runtime.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);
  try {
    return await use(engine);
  } finally {
    engine.free();
  }
}

const schemaFiles = () => [{ path: schemaFile, content: readFileSync(schemaFile, 'utf8') }];

/** SQL that turns this database into prisma/schema.prisma; null when they agree. @returns {Promise<string | null>} */
export function schemaDifference(databaseUrl) {
  return withSchemaEngine(databaseUrl, async (engine) => {
    const difference = await engine.diff({
      from: { tag: 'schemaDatasource', files: schemaFiles(), configDir: join(prismaFolder, '..') },
      to: { tag: 'schemaDatamodel', files: schemaFiles() },
      script: true,
      exitCode: true,
      filters,
    });
    return difference.exitCode === 0 ? null : difference.stdout;
  });
}

/** What Prisma itself says about the history: null history, no failed and no edited names when all is well. */
export function diagnoseMigrations(databaseUrl) {
  const lockFile = join(migrationsFolder, 'migration_lock.toml');
  const migrationsList = {
    baseDir: migrationsFolder,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : null },
    migrationDirectories: readMigrations().map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
  return withSchemaEngine(databaseUrl, (engine) =>
    engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters }),
  );
}
