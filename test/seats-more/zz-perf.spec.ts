import { startWire, type Wire } from '../races/wire.js';
import { setOrganization } from '../seats/fixtures.js';
let wire: Wire;
afterAll(() => wire?.api.close());
test('perf', async () => {
  const { testDatabase } = await import('../support/database.js');
  const d = await testDatabase();
  await d.drop();
  wire = await startWire();
  const { sql } = wire.api.database;
  await sql(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = ''auto_explain''', current_database());
  EXECUTE format('ALTER DATABASE %I SET auto_explain.log_min_duration = 500', current_database());
  EXECUTE format('ALTER DATABASE %I SET auto_explain.log_analyze = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET auto_explain.log_nested_statements = on', current_database());
  EXECUTE format('ALTER DATABASE %I SET auto_explain.log_timing = off', current_database());
  EXECUTE format('ALTER DATABASE %I SET auto_explain.log_level = log', current_database());
  END $$`);
  await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  const size = Number(process.env['N'] ?? 3000);
  for (const model of [true, false]) {
    const tenant = await wire.api.tenant();
    await setOrganization(wire.api, tenant, { member_model_enabled: model });
    const { id } = await tenant.subscription(size);
    const seats = Array.from({ length: size }, (_, i) => ({ email: `p${i}-${model}@example.com` }));
    const t = Date.now();
    const a = await wire.send(tenant, 'POST', 'customer-seats/bulk', { subscription_id: id, mode: 'atomic', seats });
    process.stderr.write(`members=${model} n=${size} status ${a.status} ${(Date.now() - t) / 1000}s\n`);
  }
}, 300_000);
