/* Access checks, list pages and claims, against bare and pgbench. */
import { ACCESS, CLAIM, hashOf, LIST } from '../contestants/bare-statements.ts';
import { findPgbench, pgbench } from '../contestants/pgbench.ts';
import { type Contestant, contest, served } from '../lib/contest.ts';
import type { Requests } from '../lib/load.ts';
import {
  comparison,
  type Figure,
  resultTable,
  type Section,
  throughputPlot,
} from '../lib/report.ts';
import { SUBSCRIPTION_SQL, type World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

const PAGE = 100;

/** The three kinds of requests that this file compares. */
interface Kind {
  title: string;
  text: string;
  /** For the names of figures and plots. */
  name: string;
  requests: Requests;
  /** The requests of bare, if they differ. */
  bareRequests?: Requests;
  statement: string;
  values: string[];
  goals: { cpu: [string, string]; perSecond?: [string, string] };
}

export function access(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    await fillPools(world);
    const { productId, token } = world.seeded;
    const { pools, people } = world.plan;
    const items = Array.from(
      { length: pools * 10 },
      (_, n) => `person-${n % pools}-${(n * 7) % people}`,
    );
    return compare(world, {
      title: 'Access',
      name: 'access',
      text:
        '`GET /v1/access` for a person with a claimed seat, by e-mail. ' +
        `${pools} pools with ${people} people each.`,
      requests: {
        method: 'GET',
        path: `/v1/access?product_id=${productId}&email={item}@example.com`,
        headers: world.headers,
        items,
      },
      statement: ACCESS,
      values: [
        `'${hashOf(token)}'`,
        `'${productId}'`,
        `('person-' || :n % ${pools} || '-' || (:n / ${pools}) % ${people} || '@example.com')`,
      ],
      goals: { cpu: ['2.5 ×', '1.6 ×'], perSecond: ['0.5 ×', '0.75 ×'] },
    });
  });
}

export function list(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    await fillPools(world);
    return compare(world, {
      title: 'List page',
      name: `list page of ${PAGE}`,
      text: `The first ${PAGE} seats of a pool with their members.`,
      requests: {
        method: 'GET',
        path: `/v1/customer-seats?subscription_id={item}&limit=${PAGE}`,
        headers: world.headers,
        items: world.subscriptions,
      },
      statement: LIST,
      values: [
        `'${hashOf(world.seeded.token)}'`,
        SUBSCRIPTION_SQL(`:n % ${world.plan.pools}`),
        String(PAGE + 1),
      ],
      goals: { cpu: ['1.6 ×, one statement', '1.3 ×'] },
    });
  });
}

export function claim(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const tokens = await invite(world);
    const requests = {
      method: 'POST' as const,
      path: '/v1/customer-seats/claim',
      headers: { 'Content-Type': 'application/json' },
      body: '{"invitation_token":"{item}"}',
      once: true,
    };
    return compare(world, {
      title: 'Claim',
      name: 'claim',
      text:
        'Claims an invitation and opens a session. No access token is needed: the invitation is ' +
        'looked up by its hash.',
      requests: { ...requests, items: tokens },
      bareRequests: {
        ...requests,
        items: Array.from({ length: tokens.length }, (_, n) => bareToken('node', n)),
      },
      statement: CLAIM,
      values: [
        // The subquery draws the number once. Otherwise PostgreSQL would draw it for every row.
        `(SELECT encode(sha256(('pgbench-' || nextval('bare.claims'))::bytea), 'hex'))`,
        'md5(random()::text)',
      ],
      goals: { cpu: ['2.5 ×', '1.8 ×'] },
    });
  });
}

async function compare(world: World, kind: Kind): Promise<Section> {
  const [seats, bare] = [
    served('Seats', await world.service(), kind.requests),
    served(
      'bare',
      await world.start(['bench/contestants/bare.ts']),
      kind.bareRequests ?? kind.requests,
    ),
  ];
  const contestants: Contestant[] = [seats, bare];
  const program = findPgbench();
  if (program !== undefined) {
    contestants.push(pgbench(program, world.url, kind.statement, kind.values));
  }
  const results = await contest(world.postgres, contestants, world.plan);
  const [ours, limit] = results;
  const figures: Figure[] = (['cpu', 'perSecond'] as const).flatMap((measure) => {
    const [atLeast, aim] = kind.goals[measure] ?? ['', ''];
    const what = measure === 'cpu' ? 'CPU per request' : 'throughput';
    return comparison(`${kind.name}, ${what}, against bare`, [ours, limit], measure, {
      atLeast,
      aim,
    });
  });
  return {
    title: kind.title,
    text: `${kind.text} ${world.plan.connections} requests at a time.`,
    tables: [resultTable(results, limit)],
    skipped: program === undefined ? ['pgbench, which is not installed on this machine.'] : [],
    plots: {
      [`${kind.title.toLowerCase().replaceAll(' ', '-')}-throughput`]: throughputPlot(
        `${kind.title}: requests per second`,
        results,
      ),
    },
    figures,
  };
}

/** Claimed people in all pools, for the service and for bare. */
async function fillPools(world: World): Promise<void> {
  const { pools, people } = world.plan;
  await world.fill(
    Array.from({ length: pools }, (_, n) => n),
    people,
  );
  await world.query(`
    INSERT INTO bare.members (id, organization_id, customer_id, email, created_at)
    SELECT id, organization_id, customer_id, email, created_at FROM members`);
  await world.query(`
    INSERT INTO bare.seats (id, pool_id, member_id, email, status, created_at, claimed_at)
    SELECT id, pool_id, member_id, email, status, created_at, claimed_at FROM seats`);
}

const bareToken = (client: string, n: number) => `${client}-${n}`;

/** Pending seats in all pools, for the service and for bare. @returns the service's tokens. */
async function invite(world: World): Promise<string[]> {
  const { pools, invitations } = world.plan;
  const server = await world.service();
  const byPool: string[][] = [];
  for (let pool = 0; pool < pools; pool += 1) {
    const people = { prefix: `invited-${pool}`, count: invitations, pool, mail: false };
    byPool.push(await world.assignMany(server, people));
  }
  await inviteBare(world);
  // Neighbours in time belong to different pools.
  return Array.from({ length: invitations }, (_, n) =>
    byPool.map((own) => own[n] as string),
  ).flat();
}

async function inviteBare(world: World): Promise<void> {
  const { pools, invitations } = world.plan;
  // pgbench is faster than a server and gets more of them.
  for (const [client, factor] of [
    ['node', 1],
    ['pgbench', 4],
  ] as const) {
    await world.query(
      `WITH invited AS (
         SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS seat_id, pool.id AS pool_id,
           pool.organization_id, pool.customer_id
         FROM generate_series(0, $2::int - 1) AS n
         JOIN bare.pools pool ON pool.subscription_id = ${SUBSCRIPTION_SQL('n % $3::int')}
       ), member AS (
         INSERT INTO bare.members (id, organization_id, customer_id, email, created_at)
         SELECT id, organization_id, customer_id, $1 || '-' || n || '@example.com', now()
         FROM invited
       )
       INSERT INTO bare.seats (id, pool_id, member_id, email, status, created_at, invitation_hash,
         invitation_expires_at)
       SELECT seat_id, pool_id, id, $1 || '-' || n || '@example.com', 'pending', now(),
         encode(sha256(convert_to($1 || '-' || n, 'UTF8')), 'hex'), now() + interval '7 days'
       FROM invited`,
      [client, pools * invitations * factor, pools],
    );
  }
}
