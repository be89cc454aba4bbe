import { startApp } from '../support/app.js';
import { SeatsRepository } from '../../src/seats/seats.repository.js';
import { Database } from '../../src/platform/database/database.js';
test('plan', async () => {
  const api = await startApp();
  const tenant = await api.tenant();
  const sold = await tenant.subscription(50_000);
  await api.database.sql(`WITH p AS (SELECT * FROM pools WHERE subscription_id = $1), c AS (
       INSERT INTO customers (organization_id, id, created_at, email, external_id)
       SELECT p.organization_id, gen_random_uuid(), now(), 'p' || n || '@example.com', 'x' || n
       FROM p, generate_series(1, 50000) n)
       INSERT INTO members (organization_id, id, created_at, customer_id, email, external_id)
       SELECT p.organization_id, gen_random_uuid(), now(), p.customer_id, 'p' || n || '@example.com',
         'x' || n FROM p, generate_series(1, 50000) n`, [sold.id]);
  await api.database.sql('ANALYZE members, customers, seats');
  const [pool] = await api.database.sql('SELECT p.*, true AS member_model_enabled FROM pools p');
  const db = api.app.get(Database);
  const repo = new SeatsRepository({ query: async (q: any) => {
     const rows: any[] = await db.query({ ...q, sql: 'x' } as any).catch(() => []);
     return rows; } } as any);
  void repo;
  for (const [n, plan] of [[10000, true], [100, false], [10000, false]] as const) {
    const who = Array.from({ length: n }, (_, i) => ({ by: 'email' as const, email: `p${i * 7}@example.com` }));
    let t = 0;
    await db.transaction(async () => {
      const seats = api.app.get(SeatsRepository, { strict: false });
      if (plan) await seats.planFor(n);
      t = Date.now();
      await seats.findCandidates(tenant.id, pool as any, who);
      t = Date.now() - t;
    });
    process.stderr.write(`members=candidates n=${n} planned=${plan} ${t} ms\n`);
  }
  await api.close();
}, 120_000);
