/*
 * Whether size matters: the same requests to an empty pool and to one with a million seats, in
 * turns, one at a time. See README.md.
 */
import { Client } from 'pg';
import { measure, seed, serviceEnv, setting, start } from './harness.ts';

const SEATS = setting('BENCH_SEATS', 1_000_000);
const TURNS = setting('BENCH_TURNS', 300);
const CHUNK = 100_000;
const PAGE = 100;

await measure(async (url) => {
  const env = serviceEnv(url, 4);
  const { token, subscriptions } = await seed(url, env, 2);
  const [empty, big] = subscriptions as [string, string];
  const product = await fill(url, big);
  const { port } = await start('dist/main.js', env);
  const call = async (path: string, body?: object) => {
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return { ms: performance.now() - begun, text };
  };

  const assign = (subscription_id: string, email: string) =>
    call('customer-seats', { subscription_id, email, immediate_claim: true });
  const access = (email: string) => call(`access?product_id=${product}&email=${email}`);
  const page = (cursor: string) =>
    call(`customer-seats?subscription_id=${big}&limit=${PAGE}${cursor && `&cursor=${cursor}`}`);
  const last = await lastCursor(url);
  await assign(empty, 'somebody@example.com');

  console.log(`one request at a time, ${TURNS} turns each, a pool of ${SEATS} seats\n`);
  await compare('assign', 'empty pool', 'big pool', {
    one: (turn) => assign(empty, `one-${turn}@example.com`),
    other: (turn) => assign(big, `other-${turn}@example.com`),
  });
  await compare('access', 'empty pool', 'big pool', {
    one: () => access('somebody@example.com'),
    other: (turn) => access(`person-${turn * 37}@example.com`),
  });
  await compare('list a page', 'the first', 'the last', {
    one: () => page(''),
    other: () => page(last),
  });
});

type Turn = (turn: number) => Promise<{ ms: number }>;

async function compare(
  what: string,
  one: string,
  other: string,
  turns: { one: Turn; other: Turn },
): Promise<void> {
  const times = { one: [] as number[], other: [] as number[] };
  for (let turn = -20; turn < TURNS; turn += 1) {
    for (const name of ['one', 'other'] as const) {
      const { ms } = await turns[name](turn + 20);
      // The first ones warm up.
      if (turn >= 0) times[name].push(ms);
    }
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const [a, b] = [median(times.one), median(times.other)];
  console.log(
    `${what.padEnd(14)}${one} ${a.toFixed(2)} ms, ${other} ${b.toFixed(2)} ms (median): ` +
      `${(b / a).toFixed(2)} ×`,
  );
}

/** Fills a pool with claimed seats, through the triggers as every seat goes. @returns the product. */
async function fill(url: string, subscription: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query(
    `UPDATE pools SET capacity = $2 WHERE subscription_id = $1
     RETURNING organization_id, id, customer_id, product_id`,
    [subscription, SEATS * 2],
  );
  const [{ organization_id, id, customer_id, product_id }] = rows as [Record<string, string>];
  for (let from = 0; from < SEATS; from += CHUNK) {
    await client.query(
      `WITH m AS (
         INSERT INTO members (organization_id, id, created_at, customer_id, email)
         SELECT $1, gen_random_uuid(), now() - interval '1 day' + n * interval '1 ms', $3,
           'person-' || n || '@example.com'
         FROM generate_series($4::int, $5::int) AS n
         RETURNING *
       )
       INSERT INTO seats (organization_id, id, created_at, pool_id, status, customer_id, member_id,
         email, claimed_at)
       SELECT $1, gen_random_uuid(), created_at, $2, 'claimed', $3, id, email, created_at FROM m`,
      [organization_id, id, customer_id, from, Math.min(SEATS, from + CHUNK) - 1],
    );
  }
  await client.query('VACUUM ANALYZE');
  await client.end();
  return product_id as string;
}

/** Where the last page of the big pool starts. */
async function lastCursor(url: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query(
    'SELECT created_at, id FROM seats ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1',
    [PAGE],
  );
  await client.end();
  const [{ created_at, id }] = rows as [{ created_at: Date; id: string }];
  return Buffer.from(JSON.stringify([created_at.toISOString(), id])).toString('base64url');
}
