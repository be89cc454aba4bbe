/* Assigning one seat: the service and all other contestants. */
import { once } from 'node:events';
import { ASSIGN, hashOf } from '../contestants/bare-statements.ts';
import { findPgbench, pgbench } from '../contestants/pgbench.ts';
import { compileUsualNest } from '../contestants/usual-nest/compile.ts';
import { type Contestant, contest, type Result, served } from '../lib/contest.ts';
import { text } from '../lib/numbers.ts';
import { freePort, run, type Server, untilReady } from '../lib/processes.ts';
import { comparison, resultTable, type Section, throughputPlot } from '../lib/report.ts';
import { SUBSCRIPTION_SQL, type World } from '../lib/world.ts';
import type { Bench } from './measurement.ts';

const BETTER_AUTH = 'better_auth';

export async function assign(bench: Bench): Promise<Section> {
  return bench.inWorld(async (world) => {
    const skipped: string[] = [];
    const contestants = await enter(world, skipped);
    try {
      const results = await contest(world.postgres, contestants, world.plan);
      return report(world, results, skipped);
    } finally {
      await world.stopServers();
      await world.postgres.dropDatabase(BETTER_AUTH);
    }
  });
}

async function enter(world: World, skipped: string[]): Promise<Contestant[]> {
  const requests = world.assignments();
  const { token, organizationId } = world.seeded;
  const [row] = await world.query<{ token_hash: string }>('SELECT token_hash FROM access_tokens');
  const ours = { BARE_ORGANIZATION: organizationId, BARE_TOKEN_HASH: row?.token_hash as string };
  const enterServer = async (name: string, server: Promise<Server>) =>
    served(name, await server, requests);
  const withOurs = ['bench/contestants/bare-with-our-statement.ts'];
  const contestants = await Promise.all([
    enterServer('Seats', world.service()),
    enterServer('bare', world.start(['bench/contestants/bare.ts'])),
    enterServer('bare with our statement', world.start(withOurs, ours)),
    enterServer(
      'the usual Nest way',
      compileUsualNest().then((program) => world.start([program])),
    ),
    enterBetterAuth(world),
  ]);
  const program = findPgbench();
  if (program === undefined) {
    skipped.push('pgbench, which is not installed on this machine.');
    return contestants;
  }
  const values = [
    `'${hashOf(token)}'`,
    SUBSCRIPTION_SQL(`:n % ${world.plan.pools}`),
    `('pgbench-' || :client_id || '-' || :n || '@example.com')`,
    'gen_random_uuid()',
    'md5(:n::text)',
  ];
  return [...contestants, pgbench(program, world.url, ASSIGN, values)];
}

/** better-auth works on a separate database of the same server, with as many organizations. */
async function enterBetterAuth(world: World): Promise<Contestant> {
  const url = await world.postgres.createDatabase(BETTER_AUTH);
  const port = await freePort();
  const child = run(['bench/contestants/better-auth.ts'], {
    ...world.env,
    DATABASE_URL: url,
    PORT: String(port),
    BENCH_POOLS: String(world.plan.pools),
  });
  child.stdout?.resume();
  const [{ token, organizations }] = (await once(child, 'message')) as [
    { token: string; organizations: string[] },
  ];
  await untilReady(child, port, '');
  const server = world.keep({ port, pid: child.pid as number, process: child });
  return served('better-auth, invite', server, {
    method: 'POST',
    path: '/api/auth/organization/invite-member',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: '{"email":"{n}@example.com","role":"member","organizationId":"{item}"}',
    items: organizations,
  });
}

function report({ plan }: World, results: Result[], skipped: string[]): Section {
  const named = (name: string) => results.find((result) => result.name === name);
  const [seats, bare] = [named('Seats'), named('bare')];
  const memory = seats?.spread('memory').high ?? NaN;
  return {
    title: 'Assign',
    text:
      `One seat per request, ${plan.connections} requests at a time, spread over ${plan.pools} ` +
      'pools. **bare** is the limit: `node:http` and `pg`, one prepared statement on a lean schema. ' +
      '**bare with our statement** sends the statement of the service, after a look-up of the ' +
      'token, and shows what the framework costs. **the usual Nest way** has the Express adapter, ' +
      'the stock `ValidationPipe` and an interactive Prisma transaction on the lean schema. ' +
      '**better-auth** invites a member with its organization plugin. **pgbench** sends the ' +
      'statement of bare without HTTP and Node.',
    tables: [resultTable(results, bare)],
    skipped,
    plots: { 'assign-throughput': throughputPlot('Assignments per second', results) },
    figures: [
      ...comparison(
        'assign, CPU per request of the API process, against bare',
        [seats, bare],
        'cpu',
        {
          atLeast: '2.0 ×',
          aim: '1.5 ×',
        },
      ),
      ...comparison('assign, throughput, against bare', [seats, bare], 'perSecond', {
        atLeast: '0.6 ×',
        aim: '0.8 ×',
      }),
      ...comparison(
        'assign, throughput, against better-auth’s invite',
        [seats, named('better-auth, invite')],
        'perSecond',
        { atLeast: '6 ×', aim: '10 ×' },
      ),
      ...comparison(
        'assign, throughput, against the usual Nest way',
        [seats, named('the usual Nest way')],
        'perSecond',
        { atLeast: '3 ×', aim: '5 ×' },
      ),
      {
        what: 'memory of an API process under full load',
        measured: `${text(memory)} MiB (bare ${text(bare?.spread('memory').high ?? NaN)})`,
        atLeast: '≤ 220 MB',
        aim: '150 MB',
      },
    ],
  };
}
