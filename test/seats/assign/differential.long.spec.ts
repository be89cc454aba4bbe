import { AssignService } from '../../../src/seats/assign/assign.service.js';
import { CustomerSeatDto } from '../../../src/seats/seats.dto.js';
import type { AssignmentRequest } from '../../../src/seats/seats.rules.js';
import { SeatsService } from '../../../src/seats/seats.service.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';

/*
 * An assign in one statement is an optimisation of the general code, which takes several. So is the
 * answer without the lock on the pool. The test sends generated requests to both ways, each to its
 * own organization with the same initial state. Responses, rows and events must be the same.
 */

const CASES = 2_000;
const CASES_A_POOL = 25;
// There are more cases if these have not reached every outcome.
const OUTCOMES = [
  'MemberEmailMismatch',
  'MemberNotFound',
  'SeatAlreadyAssigned',
  'SeatNotAvailable',
  'claimed',
  'pending',
];
const SEED = 20_261_127;

let api: TestApp;
let seats: SeatsService;

beforeAll(async () => {
  api = await startApp();
  // The clock stands still, so that no difference comes from the time.
  const now = api.clock.now();
  api.clock.now = () => now;
  seats = api.app.get(SeatsService, { strict: false });
});
afterAll(() => api?.close());

/** A small random number generator (mulberry32). The same seed gives the same cases. */
function generator(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(values: readonly T[]) => values[below(values.length)] as T;
  return { below, pick, chance: (share: number) => next() < share };
}

type Generator = ReturnType<typeof generator>;

const PEOPLE = ['ada', 'Grace', 'élodie', 'STRASSE', 'kay', 'x+tag'].map(
  (name) => `${name}@x.example`,
);

const EXTERNAL_IDS = ['e-1', 'e-2', 'e-3'];

/** A random recipient: mostly an e-mail, the only kind that is assigned in one statement. */
function recipientOf({ pick, chance }: Generator): AssignmentRequest {
  const email = pick(PEOPLE);
  const named = {
    email: chance(0.3) ? email.toUpperCase().replace('@X.EXAMPLE', '@x.example') : email,
  };
  if (chance(0.6)) return named;
  return { external_member_id: pick(EXTERNAL_IDS), ...(chance(0.6) && named) };
}

function requestOf(random: Generator): AssignmentRequest {
  const { pick, chance, below } = random;
  return {
    ...recipientOf(random),
    ...(chance(0.3) && { metadata: { n: below(3), text: pick(['', 'ß', '😀', 'a"b']) } }),
    ...(chance(0.3) && { immediate_claim: chance(0.5) }),
    ...(chance(0.3) && { send_invitation: chance(0.5) }),
    ...(chance(0.3) && { invitation_expires_in: 60 + below(1_000) }),
    ...(chance(0.3) && { if_assigned: pick(['error', 'return'] as const) }),
  };
}

/** An organization with a pool. */
interface Side {
  tenant: Tenant;
  pool: { subscription_id: string };
}

async function newSide(capacity: number): Promise<Side> {
  const tenant = await api.tenant();
  const { id } = await tenant.subscription(capacity);
  return { tenant, pool: { subscription_id: id } };
}

/** The caller has the same ids on both sides. */
const callerOf = ({ tenant }: Side) => ({
  organizationId: tenant.id,
  actor: { type: 'token' as const, id: 'token' },
  requestId: 'request',
});

/** Assigns in the short or the long way. A refusal is returned as its name and detail. */
async function assign(side: Side, request: AssignmentRequest, way: 'short' | 'long') {
  const caller = callerOf(side);
  if (way === 'short') {
    return seats.assign(caller, side.pool, request).then(
      ({ row, invitation }) => ({ seat: CustomerSeatDto.from(row), invitation }),
      (error: { error: string; detail: string }) => ({ error: error.error, detail: error.detail }),
    );
  }
  const result = await seats.assignMany(caller, side.pool, [request], { atomic: false });
  const [assigned] = result.seats;
  if (assigned === undefined) {
    const { error, detail } = result.failed[0] as { error: string; detail: string };
    return { error, detail };
  }
  return { seat: CustomerSeatDto.from(assigned.row), invitation: assigned.invitation };
}

/** Everything that the organization of a side has stored about seats. */
async function stateOf({ tenant }: Side) {
  const read = (text: string) => api.database.sql(text, [tenant.id]);
  const [seatRows, members, pools, events] = await Promise.all([
    read(`SELECT seat.*, member.email AS member_email FROM seats seat
      LEFT JOIN members member ON member.id = seat.member_id
      WHERE seat.organization_id = $1
      ORDER BY (SELECT min(event.position) FROM events event WHERE event.seat_id = seat.id)`),
    read('SELECT * FROM members WHERE organization_id = $1 ORDER BY lower(email)'),
    read('SELECT capacity, taken, active FROM pools WHERE organization_id = $1'),
    read('SELECT * FROM events WHERE organization_id = $1 ORDER BY position'),
  ]);
  return { seatRows, members, pools, events };
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const SECRETS = ['invitation_nonce', 'invitation_hash', 'token', 'url', 'position', 'sequence'];

/** Replaces ids by their order of appearance, and secrets by whether they are present. */
function comparable(value: unknown): unknown {
  const known = new Map<string, string>();
  const text = JSON.stringify(value, (key, item: unknown) => {
    if (SECRETS.includes(key)) return item === null ? null : 'present';
    if (key === 'email' && /^buyer-/.test(String(item))) return 'buyer';
    return item;
  });
  const named = text.replace(ID, (id) => {
    if (!known.has(id)) known.set(id, `id-${known.size}`);
    return known.get(id) as string;
  });
  return JSON.parse(named);
}

/** Makes the same random change to both pools, or none. */
async function disturb(sides: Side[], random: Generator): Promise<void> {
  const choice = random.below(12);
  const email = random.pick(PEOPLE);
  for (const side of sides) {
    const path = `/v1/subscriptions/${side.pool.subscription_id}`;
    if (choice === 0) await side.tenant.call('PATCH', path, { body: { status: 'unpaid' } });
    if (choice === 1) await side.tenant.call('PATCH', path, { body: { status: 'active' } });
    if (choice === 2)
      await side.tenant.call('PATCH', path, { body: { seats: 2, on_overflow: 'keep' } });
    if (choice === 3)
      await side.tenant.call('PATCH', path, { body: { seats: 5, on_overflow: 'keep' } });
    if (choice === 4 || choice === 5) {
      await side.tenant.call('POST', '/v1/customer-seats/bulk-revoke', {
        body: { ...side.pool, emails: [email] },
      });
    }
  }
}

describe('an assign in one statement', () => {
  it(`gives the same result as the general code in ${CASES} generated cases`, async () => {
    const random = generator(SEED);
    const outcomes = new Map<string, number>();
    let inOneStatement = 0;
    let withoutLock = 0;
    const service = api.app.get(AssignService, { strict: false });
    const original = service['assignments'].assignByEmail.bind(service['assignments']);
    service['assignments'].assignByEmail = async (...args) => {
      const row = await original(...args);
      if (row !== undefined) inOneStatement += 1;
      return row;
    };
    const answer = service['answerWithoutLock'].bind(service);
    service['answerWithoutLock'] = async (...args) => {
      const known = await answer(...args);
      if (known !== undefined) withoutLock += 1;
      return known;
    };
    for (let done = 0; done < CASES || outcomes.size < OUTCOMES.length; done += CASES_A_POOL) {
      const capacity = 1 + random.below(5);
      const sides = [await newSide(capacity), await newSide(capacity)] as const;
      for (let index = 0; index < CASES_A_POOL; index += 1) {
        await disturb([...sides], random);
        const request = requestOf(random);
        const short = await assign(sides[0], request, 'short');
        const long = await assign(sides[1], request, 'long');
        const label = `seed ${SEED}, case ${done + index}: ${JSON.stringify(request)}`;
        expect({ label, answer: comparable(short) }).toEqual({ label, answer: comparable(long) });
        const outcome = 'error' in short ? short.error : short.seat.status;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      const [short, long] = [await stateOf(sides[0]), await stateOf(sides[1])];
      expect(comparable(short)).toEqual(comparable(long));
    }
    expect([...outcomes.keys()].sort()).toEqual(OUTCOMES);
    // Both short ways must really have been taken.
    expect(inOneStatement).toBeGreaterThan(CASES / 10);
    expect(withoutLock).toBeGreaterThan(CASES / 10);
  }, 600_000);
});
