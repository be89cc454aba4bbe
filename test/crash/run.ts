import { check, type Violation } from './check.js';
import { Recorder } from './client.js';
import { listEvents, readDatabase, waitUntilQuiet } from './evidence.js';
import { Faults } from './faults.js';
import type { Delivery, History, Mail } from './history.js';
import { Random } from './random.js';
import { startStage, type Stage, type StageOptions } from './stage.js';
import { Writers } from './writers.js';

export interface RunOptions {
  seed: number;
  /** How long the writers and the faults work. */
  seconds: number;
  pools?: number;
  writers?: number;
  /** The mean time between two faults. */
  faultSeconds?: number;
  /** The longest wait for the workers in the end. */
  quietSeconds?: number;
  /** Default: by the seed. */
  queue?: 'redis' | 'postgres';
  previous?: StageOptions['previous'];
  say?: (line: string) => void;
}

export interface Result {
  history: History;
  violations: Violation[];
  figures: Record<string, string | number>;
  /** The end of the output of every process. */
  output: string;
}

/**
 * Runs the service while its parts are killed, and audits what came of it. The seed determines the
 * requests and the faults, though not how they interleave.
 * @throws {Error} when the deployment does not start, or cannot be read in the end.
 */
export async function run(options: RunOptions): Promise<Result> {
  const { seed, seconds, pools = 36, writers: count = 8, faultSeconds = 3 } = options;
  const { quietSeconds = 300, say = () => undefined } = options;
  const random = new Random(seed);
  const queue = options.queue ?? (random.chance(0.5) ? 'redis' : 'postgres');
  const memberModel = random.chance(0.7);
  say(`seed ${seed}: ${seconds} s, queue in ${queue}, member model ${memberModel ? 'on' : 'off'}`);
  const { previous } = options;
  const stage = await startStage({ queue, ...(previous !== undefined && { previous }) });
  const ports = stage.proxies.map(({ port }) => port);
  const recorder = new Recorder(ports, stage.token);
  try {
    await prepare(stage, memberModel);
    const deliveries: Delivery[] = [];
    const mails: Mail[] = [];
    stage.inbox.onMail = ({ messageId, to }) => mails.push({ messageId, to, at: Date.now() });
    const faults = new Faults(stage, new Random(random.whole(0, 2 ** 31)));
    faults.refuseSome((id, body, accepted) =>
      deliveries.push({ id, body, accepted, at: Date.now() }),
    );
    const writers = new Writers(recorder, stage.inbox);
    await writers.sell(pools, random);

    const begun = Date.now();
    const until = begun + seconds * 1000;
    const work = Array.from({ length: count }, () =>
      writers.work(new Random(random.whole(0, 2 ** 31)), until),
    );
    await Promise.all([...work, faults.work(until, faultSeconds)]);
    say('The writers have ended. Waiting for the workers …');
    await Promise.all([...stage.apis, ...stage.workers].map((process) => process.ready()));
    const client = await stage.postgres.client();
    const ended = Date.now();
    const open = await waitUntilQuiet(client, quietSeconds);
    const quietAfter = (Date.now() - ended) / 1000;
    const listed = await listEvents(recorder);
    const database = await readDatabase(client);
    await client.end();
    const history: History = {
      calls: recorder.calls,
      faults: faults.record,
      ...database,
      deliveries,
      mails,
      listed,
      open,
    };
    const violations = check(history);
    const figures = {
      seed,
      seconds,
      queue,
      'member model': memberModel ? 'on' : 'off',
      ...figuresOf(history),
      'seconds until quiet': Math.round(quietAfter),
      violations: violations.length,
    };
    return { history, violations, figures, output: outputOf(stage) };
  } finally {
    recorder.close();
    await stage.close();
  }
}

async function prepare(stage: Stage, memberModel: boolean): Promise<void> {
  const send = async (method: string, path: string, body: object) => {
    const answer = await fetch(`${stage.apis[0]?.url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${stage.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  await send('POST', 'webhooks/endpoints', {
    url: stage.receiver.url,
    events: [
      ...['assigned', 'claimed', 'revoked', 'invitation_resent', 'updated'].map(
        (type) => `customer_seat.${type}`,
      ),
      ...['subscription.seats_changed', 'order.seats_changed', 'seats.exhausted'],
    ],
  });
  await send('PATCH', 'organization', { settings: { member_model_enabled: memberModel } });
}

function figuresOf({ calls, faults, events, mails, deliveries }: History) {
  const counted = (prefix: string, keys: string[]) => {
    const counts: Record<string, number> = {};
    for (const key of keys.toSorted())
      counts[`${prefix}${key}`] = (counts[`${prefix}${key}`] ?? 0) + 1;
    return counts;
  };
  const repeated = (ids: string[]) => ids.length - new Set(ids).size;
  const answered = calls.filter(({ status }) => status !== 'none');
  return {
    requests: calls.length,
    ...counted(
      'answers ',
      calls.map(({ status }) => String(status)),
    ),
    'replayed by key': calls.filter(({ replayed }) => replayed).length,
    ...counted(
      'faults: ',
      faults.map(({ kind }) => kind),
    ),
    events: events.length,
    mails: mails.length,
    'repeated mails': repeated(mails.map(({ messageId }) => messageId)),
    deliveries: deliveries.length,
    'repeated deliveries': repeated(deliveries.map(({ id }) => id)),
    'slowest answer, ms': Math.max(...answered.map((call) => call.endedAt - call.startedAt)),
  };
}

function outputOf({ apis, workers }: Stage): string {
  const texts = (kind: string, processes: Stage['apis']) =>
    processes.map(({ output }, index) => `== ${kind} ${index + 1}\n${output}`);
  return [...texts('API', apis), ...texts('worker', workers)].join('\n');
}
