import type { Answer, Tenant } from '../support/app.js';
import { newScene, OPERATIONS, type Outcome, outcomeOf, type Scene, type Send } from './pairs.js';
import { expectNoFailures, parallel, startWire, type Wire } from './wire.js';

/*
 * Two operations on one pool at the same moment, through two instances of the API. The outcome must
 * be that of one of the two orders. The service itself is the judge: it carries out both
 * orders on other pools, one operation after the other.
 */

// A race that goes wrong once in ten rounds shows up within a few CI runs.
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 4);
// More rounds at the same time would wait for connections.
const AT_ONCE = 4;

let first: Wire;
let second: Wire;
let tenant: Tenant;
let shared: object;

beforeAll(async () => {
  first = await startWire();
  second = await startWire({ DATABASE_URL: first.api.database.url });
  second.api.clock.now = () => first.api.clock.now();
  tenant = await first.api.tenant();
  const { product_id, customer_id } = await tenant.subscription(1);
  shared = { product_id, customer_id };
});
afterAll(async () => {
  await second?.api.close();
  await first?.api.close();
});

const through =
  (wire: Wire): Send =>
  (method, path, body, key) =>
    wire.send(tenant, method, path, body, key === undefined ? {} : { 'idempotency-key': key });

type Step = [name: string, index: 0 | 1];

/** Carries out the steps one after the other. @returns the outcome, with the answers by index. */
async function inOrder(...steps: Step[]): Promise<Outcome> {
  const scene = await newScene(first, tenant, shared);
  const answers: (Answer | undefined)[] = [undefined, undefined];
  for (const [name, index] of steps) answers[index] = await perform(name, first, scene);
  return outcomeOf(first, scene, answers);
}

function perform(name: string, wire: Wire, scene: Scene): Promise<Answer> {
  const operation = OPERATIONS[name];
  if (operation === undefined) throw new Error(`There is no operation ${name}.`);
  return operation(through(wire), scene);
}

/** Whether the service has carried out nothing: it gave up after conflicts, or the key is in use. */
const isUndone = ({ status, body }: Answer) =>
  status === 503 || body?.error === 'IdempotencyKeyInUse';

const names = Object.keys(OPERATIONS);
const PAIRS = names.flatMap((one, index) =>
  names.slice(index).map((other): [string, string] => [one, other]),
);

/** Carries out both at the same moment on a new pool, and compares the outcome with the orders. */
async function race(one: string, other: string, orders: Outcome[]): Promise<void> {
  const scene = await newScene(first, tenant, shared);
  const answers = await Promise.all([perform(one, first, scene), perform(other, second, scene)]);
  const outcome = await outcomeOf(first, scene, answers);
  expectNoFailures(answers.filter(({ status }) => status !== 503));
  const [oneUndone, otherUndone] = answers.map(isUndone);
  if (!oneUndone && !otherUndone) {
    expect(orders).toContainEqual(outcome);
    return;
  }
  const steps: Step[] = [];
  if (!oneUndone) steps.push([one, 0]);
  if (!otherUndone) steps.push([other, 1]);
  const { answers: _, ...rest } = outcome;
  expect(await inOrder(...steps)).toMatchObject(rest);
}

describe('two operations on one pool at the same moment', () => {
  it.each(PAIRS)(
    'have the outcome of one after the other: %s, %s',
    async (one, other) => {
      const orders = [await inOrder([one, 0], [other, 1]), await inOrder([other, 1], [one, 0])];
      for (let round = 0; round < ROUNDS; round += AT_ONCE) {
        await parallel(AT_ONCE, () => race(one, other, orders));
      }
    },
    120_000,
  );
});
