import { setTimeout as sleep } from 'node:timers/promises';
import { linkIn, tokenOf } from '../../examples/storefront/storefront.js';
import type { Inbox } from '../support/smtp.js';
import type { Recorder, Sending } from './client.js';
import type { Call, Operation } from './history.js';
import type { Random } from './random.js';

const PEOPLE_PER_POOL = 14;
const KNOWN_SEATS = 30;
const OFFLINE_MS = 150;
const REPEATS = 3;

/** How often each operation is chosen, in parts of the sum. */
const WEIGHTS: Record<Operation, number> = {
  assign: 26,
  bulk: 6,
  'atomic bulk': 4,
  claim: 16,
  revoke: 9,
  'bulk revoke': 5,
  replace: 7,
  resend: 6,
  'change a seat': 6,
  resize: 6,
  cancel: 0.4,
  'put a purchase': 5,
  'delete a member': 3,
  'create an object': 1,
  'change an object': 3,
};

interface Sold {
  id: string;
  /** The number in its people's e-mails. */
  number: number;
  product_id: string;
  customer_id: string;
  key: 'subscription_id' | 'order_id';
  external_id?: string;
}

interface KnownSeat {
  id: string;
  member_id: string | null;
}

/** Clients that use many pools at the same time, and share the knowledge about them. */
export class Writers {
  private readonly pools: Sold[] = [];
  private readonly seats = new Map<string, KnownSeat[]>();
  private people = 0;
  private claims = 0;

  constructor(
    private readonly recorder: Recorder,
    private readonly inbox: Inbox,
  ) {}

  /** Creates the pools. @throws {Error} when that fails, so nothing may be broken yet. */
  async sell(count: number, random: Random): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      await this.sellOne(index % 4 === 3 ? 'order_id' : 'subscription_id', random);
    }
  }

  /** Sends one request after another until `until`. Each writer has its own random numbers. */
  async work(random: Random, until: number): Promise<void> {
    // Only this writer changes its product, so the last value that it wrote must stay.
    const product = await this.create('products', { name: 'Own' }, random);
    let turn = 0;
    while (Date.now() < until) {
      // Most requests meet in a few pools.
      const pool = random.chance(0.5)
        ? (this.pools[random.whole(0, 3)] as Sold)
        : random.pick(this.pools);
      const operation = random.weighted(WEIGHTS);
      turn += 1;
      const sending =
        operation === 'change an object'
          ? patch(operation, `products/${product}`, { metadata: { turn } })
          : this.requestOf(operation, pool, random);
      if (sending === undefined) continue;
      await this.sendAndLearn(sending, pool, random);
    }
  }

  private async sendAndLearn(sending: Sending, pool: Sold, random: Random): Promise<void> {
    const keyed = sending.method !== 'PUT' && sending.operation !== 'claim' && random.chance(0.3);
    const request = keyed ? { ...sending, key: newKey(random) } : sending;
    let call = await this.recorder.send(request, random.whole(0, 1));
    // A careful client repeats a keyed request until it knows the outcome; this one sometimes
    // repeats it even then.
    for (let repeats = 0; keyed && repeats < REPEATS; repeats += 1) {
      if (!isUncertain(call) && random.chance(0.6)) break;
      if (isUncertain(call)) await sleep(OFFLINE_MS);
      call = await this.recorder.send(request, random.whole(0, 1));
    }
    if (call.status === 'none') await sleep(OFFLINE_MS);
    if (call.status !== 'none' && call.status < 300) await this.learn(call, pool, random);
  }

  /** The request of an operation; undefined when nothing is known that it could be about. */
  private requestOf(operation: Operation, pool: Sold, random: Random): Sending | undefined {
    const container = { [pool.key]: pool.id };
    const seat = this.seatOf(pool, random);
    const post = (path: string, body: object): Sending => ({
      operation,
      method: 'POST',
      path,
      body,
    });
    const person = () => ({
      email: this.emailIn(pool, random),
      ...(random.chance(0.25) && { immediate_claim: true }),
    });
    const people = () => Array.from({ length: random.whole(2, 7) }, person);
    switch (operation) {
      case 'assign': {
        const returning = random.chance(0.1) && { if_assigned: 'return' };
        return post('customer-seats', { ...container, ...person(), ...returning });
      }
      case 'bulk':
        return post('customer-seats/bulk', { ...container, seats: people() });
      case 'atomic bulk':
        return post('customer-seats/bulk', { ...container, mode: 'atomic', seats: people() });
      case 'claim': {
        const token = this.mailedToken(random);
        return token === undefined
          ? undefined
          : post('customer-seats/claim', { invitation_token: token });
      }
      case 'revoke':
        return seat && { operation, method: 'DELETE', path: `customer-seats/${seat.id}` };
      case 'bulk revoke': {
        if (random.chance(0.1)) {
          return post('customer-seats/bulk-revoke', { ...container, all: true });
        }
        const emails = people().map(({ email }) => email);
        return post(
          'customer-seats/bulk-revoke',
          random.chance(0.5) || seat === undefined
            ? { ...container, emails }
            : { seat_ids: [seat.id, this.seatOf(pool, random)?.id ?? seat.id] },
        );
      }
      case 'replace':
        return seat && post(`customer-seats/${seat.id}/replace`, person());
      case 'resend':
        return seat && { operation, method: 'POST', path: `customer-seats/${seat.id}/resend` };
      case 'change a seat':
        return (
          seat &&
          patch(operation, `customer-seats/${seat.id}`, {
            metadata: { n: random.whole(0, 2 ** 31) },
          })
        );
      case 'resize': {
        const path = pool.key === 'order_id' ? 'orders' : 'subscriptions';
        const body = { seats: random.whole(2, 10), ...overflow(random) };
        return patch(operation, `${path}/${pool.id}`, body);
      }
      case 'cancel':
        return pool.key === 'order_id' || this.pools.indexOf(pool) < 4
          ? undefined
          : { operation, method: 'DELETE', path: `subscriptions/${pool.id}` };
      case 'put a purchase':
        if (pool.external_id === undefined) return undefined;
        return {
          operation,
          method: 'PUT',
          path: `subscriptions/external/${pool.external_id}`,
          body: {
            product_id: pool.product_id,
            customer_id: pool.customer_id,
            seats: random.whole(2, 10),
            ...overflow(random),
          },
        };
      case 'delete a member':
        return seat?.member_id
          ? { operation, method: 'DELETE', path: `members/${seat.member_id}` }
          : undefined;
      case 'create an object':
        return random.chance(0.5)
          ? post('products', { name: 'Pro' })
          : post('customers', { email: `customer-${random.whole(0, 2 ** 31)}@example.com` });
      case 'change an object':
        return undefined;
    }
  }

  /** Remembers the seats of an answer, and replaces a purchase that has ended. */
  private async learn({ operation, answer }: Call, pool: Sold, random: Random): Promise<void> {
    if (operation === 'assign' || operation === 'replace') this.remember(pool, [answer]);
    if (operation === 'bulk' || operation === 'atomic bulk') this.remember(pool, answer.seats);
    if (operation === 'cancel' && this.pools.includes(pool)) {
      this.pools.splice(this.pools.indexOf(pool), 1);
      await this.sellOne('subscription_id', random).catch(() => undefined);
    }
  }

  private remember(pool: Sold, seats: KnownSeat[]): void {
    const known = this.seats.get(pool.id) ?? [];
    known.push(...seats.map(({ id, member_id }) => ({ id, member_id })));
    this.seats.set(pool.id, known.slice(-KNOWN_SEATS));
  }

  private seatOf(pool: Sold, random: Random): KnownSeat | undefined {
    const known = this.seats.get(pool.id) ?? [];
    return known.length === 0 ? undefined : random.pick(known.slice(-12));
  }

  private emailIn(pool: Sold, random: Random): string {
    return `person-${random.whole(1, PEOPLE_PER_POOL)}.pool-${pool.number}@example.com`;
  }

  /** The token of a mail: mostly of the next one, sometimes of an old one. */
  private mailedToken(random: Random): string | undefined {
    const { mails } = this.inbox;
    if (mails.length === 0) return undefined;
    if (random.chance(0.1) || this.claims >= mails.length) {
      return tokenOf(linkIn(random.pick(mails).text));
    }
    this.claims += 1;
    return tokenOf(linkIn((mails[this.claims - 1] as { text: string }).text));
  }

  /** @throws {Error} when the answer is not 201. */
  private async create(path: string, body: object, random: Random): Promise<string> {
    const sending = { operation: 'create an object' as const, method: 'POST', path, body };
    const call = await this.recorder.send(sending, random.whole(0, 1));
    if (call.status !== 201) throw new Error(`${path}: ${JSON.stringify(call.answer)}`);
    return call.answer.id;
  }

  private async sellOne(key: Sold['key'], random: Random): Promise<void> {
    const create = (path: string, body: object) => this.create(path, body, random);
    this.people += 1;
    const number = this.people;
    const external_id = key === 'subscription_id' && number % 2 === 0 ? `sub-${number}` : undefined;
    const product_id = await create('products', { name: 'Team plan' });
    const customer_id = await create('customers', { email: `buyer-${number}@example.com` });
    const id = await create(key === 'order_id' ? 'orders' : 'subscriptions', {
      product_id,
      customer_id,
      seats: random.whole(3, 10),
      ...(external_id && { external_id }),
    });
    this.pools.push({
      id,
      number,
      product_id,
      customer_id,
      key,
      ...(external_id && { external_id }),
    });
  }
}

const patch = (operation: Operation, path: string, body: object): Sending => ({
  operation,
  method: 'PATCH',
  path,
  body,
});

function overflow(random: Random): object {
  const on_overflow = random.pick([undefined, 'reject', 'keep', 'revoke_pending', 'revoke_newest']);
  return on_overflow === undefined ? {} : { on_overflow };
}

const newKey = (random: Random) => `key-${random.whole(0, 2 ** 31)}-${random.whole(0, 2 ** 31)}`;

function isUncertain({ status }: Call): boolean {
  return status === 'none' || status === 409 || status >= 500;
}
