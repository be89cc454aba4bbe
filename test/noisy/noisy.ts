/*
 * The noisy neighbor: `npm run test:noisy -- --seconds 30`. One tenant does its worst while another
 * calls `GET /v1/access`. Exits with 1 when the other tenant notices. docs/reliability.md explains it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startStage } from '../crash/stage.js';
import { call, sellSeats } from '../support/story.js';

const QUIET_REQUESTS = 500;
const WARM_UP_REQUESTS = 300;
const POOL = 5_000_000;
/** The limits: of the median, as a multiple of the quiet one, and of the 99th percentile, in ms. */
const MOST_TIMES = 10;
const MOST_P99_MS = 250;
const READINESS_MS = 250;
const NO_ANSWER_MS = 10_000;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(values.seconds);

interface Answer {
  status: number;
  ms: number;
}

const agent = new Agent({ keepAlive: true });

/** Status 0: no answer within 10 s. */
function ask(url: string, token?: string): Promise<Answer> {
  const begun = performance.now();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve) => {
    const end = (status: number) => resolve({ status, ms: performance.now() - begun });
    const signal = AbortSignal.timeout(NO_ANSWER_MS);
    get(url, { agent, headers, signal }, (response) =>
      response
        .resume()
        .on('error', () => end(0))
        .on('end', () => end(response.statusCode ?? 0)),
    ).on('error', () => end(0));
  });
}

async function repeat(until: () => boolean, pauseMs: number, work: () => Promise<Answer>) {
  const answers: Answer[] = [];
  while (!until()) {
    answers.push(await work());
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return answers;
}

function quantile(answers: Answer[], share: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function startNoise(target: object): ChildProcess {
  const program = join(import.meta.dirname, 'noise.ts');
  return spawn(process.execPath, [program, JSON.stringify(target)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function stopNoise(noise: ChildProcess): Promise<string> {
  let text = '';
  noise.stdout?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  noise.stdin?.end();
  await once(noise, 'close');
  return text;
}

// The public limit is off, because a hostile tenant has many addresses.
const stage = await startStage({ queue: 'postgres', env: { RATE_LIMIT_TOKEN: '6000' } });
try {
  const { url, port } = stage.apis[0] as { url: string; port: number };
  const quietToken = await stage.newTenant('quiet');
  const subscription = await sellSeats(url, quietToken, 10);
  const email = 'ada@example.com';
  await call(url, quietToken, 'POST', '/v1/customer-seats', {
    subscription_id: subscription,
    email,
    immediate_claim: true,
  });
  const sold = await call(url, quietToken, 'GET', `/v1/subscriptions/${subscription}`);
  const access = `${url}/v1/access?product_id=${sold.body.product_id}&email=${email}`;
  const askAccess = () => ask(access, quietToken);
  const hostile = {
    port,
    token: stage.token,
    subscription: await sellSeats(url, stage.token, POOL),
  };

  console.log('The service runs. Measuring the quiet tenant …');
  for (let n = 0; n < WARM_UP_REQUESTS; n += 1) await askAccess();
  const quiet: Answer[] = [];
  for (let n = 0; n < QUIET_REQUESTS; n += 1) quiet.push(await askAccess());

  console.log(`Measuring for ${seconds} s beside the noise …`);
  const noise = startNoise(hostile);
  await sleep(3_000);
  const end = Date.now() + seconds * 1000;
  const over = () => Date.now() >= end;
  // Below the limit of 6,000 requests a minute.
  const [noisy, ready] = await Promise.all([
    repeat(over, 15, askAccess),
    repeat(over, READINESS_MS, () => ask(`${url}/health/ready`)),
  ]);
  console.log('Stopping the noise …');
  const done = await stopNoise(noise);

  const figures = {
    'access, quiet: median ms': quantile(quiet, 0.5),
    'access, quiet: p99 ms': quantile(quiet, 0.99),
    'access, noisy: requests': noisy.length,
    'access, noisy: median ms': quantile(noisy, 0.5),
    'access, noisy: p99 ms': quantile(noisy, 0.99),
    'access, noisy: slowest ms': quantile(noisy, 1),
    'access, noisy: not 200': noisy.filter(({ status }) => status !== 200).length,
    'readiness: requests': ready.length,
    'readiness: slowest ms': quantile(ready, 1),
    'readiness: not 200': ready.filter(({ status }) => status !== 200).length,
  };
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  for (const [name, value] of Object.entries(figures)) {
    console.log(`${name.padEnd(width)}  ${Number(value.toFixed(2))}`);
  }
  console.log(`the noise: ${done}`);
  const broken = [
    figures['access, noisy: median ms'] > MOST_TIMES * figures['access, quiet: median ms'] &&
      `the median is above ${MOST_TIMES} times the quiet one`,
    figures['access, noisy: p99 ms'] > MOST_P99_MS && `p99 is above ${MOST_P99_MS} ms`,
    figures['access, noisy: not 200'] > 0 && 'access was not always answered with 200',
    figures['readiness: not 200'] > 0 && 'readiness was not always 200',
  ].filter((each) => each !== false);
  for (const each of broken) console.log(`broken: ${each}`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} finally {
  agent.destroy();
  await stage.close();
}
