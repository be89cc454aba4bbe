import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import {
  assign,
  newEmail,
  newSeat,
  poolOf,
  type PoolRow,
  revoke,
  type Seat,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { lockWaiters } from './wire.js';

/*
 * The database refuses invalid data even when a client bypasses the service. Each attack names the
 * guard that refuses it and the statement that removes the guard. Without the guard the attack must
 * succeed; otherwise the test would be about another guard.
 */

/** An order without a pool, for statements that insert one. */
const ORDER = randomUUID();

interface Member {
  id: string;
  email: string;
}

let api: TestApp;
let client: Client;
let tenant: Tenant;
let seat: Seat;
let gone: Seat;
let members: [Member, Member, Member];
let foreign: { pool: PoolRow; member: Seat['member'] };
// Two pools of the same buyer: one is full, and one has a free place of two.
let full: PoolRow;
let open: PoolRow;

beforeAll(async () => {
  api = await startApp();
  tenant = await api.tenant();
  const stranger = await api.tenant();
  const { id: one, customer_id } = await tenant.subscription(1);
  const { id: two } = await tenant.subscription(2, { customer_id });
  const create = () => tenant.create('members', { customer_id, email: newEmail() });
  members = [await create(), await create(), await create()];
  await assign(tenant, { subscription_id: one, member_id: members[0].id });
  seat = await assign(tenant, { subscription_id: two, member_id: members[0].id });
  gone = await assign(tenant, { subscription_id: two, member_id: members[1].id });
  await revoke(tenant, gone.id);
  const theirs = await newSeat(stranger);
  [full, open] = [await poolOf(api, one), await poolOf(api, two)];
  foreign = { pool: await poolOf(api, theirs.subscription_id), member: theirs.member };
  client = new Client(api.database.url);
  await client.connect();
});
beforeEach(() => client.query('BEGIN'));
afterEach(() => client.query('ROLLBACK'));
afterAll(async () => {
  await client?.end();
  await api?.close();
});

const text = (value: string | number | boolean | null) => (value === null ? 'NULL' : `'${value}'`);

function insertInto(table: string, ...rows: object[]): string {
  const values = rows.map(
    (row) =>
      `(${Object.values<string | null>(row as Record<string, string | null>)
        .map(text)
        .join(', ')})`,
  );
  return `INSERT INTO ${table} (${Object.keys(rows[0] ?? {}).join(', ')}) VALUES ${values.join(', ')}`;
}

/** The columns of a claimed seat of a member. */
const claimedSeat = (
  pool: PoolRow,
  member: { [key in keyof Member]: string | null },
  more: object = {},
) => ({
  organization_id: tenant.id,
  id: randomUUID(),
  created_at: '2026-01-01',
  claimed_at: '2026-01-01',
  pool_id: pool.id,
  status: 'claimed',
  customer_id: open.customer_id,
  member_id: member.id,
  email: member.email,
  ...more,
});
const newPool = (more: object) => {
  const { organization_id, product_id, customer_id, subscription_id } = open;
  const columns = { organization_id, product_id, customer_id, subscription_id };
  return { ...columns, id: randomUUID(), created_at: '2026-01-01', active: true, ...more };
};
const dropTrigger = (name: string) => `DROP TRIGGER ${name} ON ${name.split('_')[0]}`;
const dropConstraint = (name: string) =>
  `ALTER TABLE ${name.split('_')[0]} DROP CONSTRAINT ${name}`;
const dropIndex = (name: string) => `DROP INDEX ${name}`;
const COUNT = dropTrigger('seats_keep_taken_insert');

const ATTACKS: [name: string, attack: () => string, guard: string, without: string][] = [
  [
    'a seat inserted into a full pool',
    () => insertInto('seats', claimedSeat(full, members[1])),
    'pools_never_oversold',
    COUNT,
  ],
  [
    'two seats inserted at once where one is free',
    () => insertInto('seats', claimedSeat(open, members[1]), claimedSeat(open, members[2])),
    'pools_never_oversold',
    COUNT,
  ],
  [
    'a seat moved to a full pool',
    () => `UPDATE seats SET pool_id = '${full.id}', member_id = '${members[2].id}',
      email = '${members[2].email}' WHERE id = '${seat.id}'`,
    'pools_never_oversold',
    dropTrigger('seats_keep_taken_update'),
  ],
  [
    'a revoked seat that becomes active again',
    () => `UPDATE seats SET status = 'claimed', claimed_at = now(), revoked_at = NULL,
      customer_id = '${open.customer_id}', member_id = '${members[2].id}',
      email = '${members[2].email}' WHERE id = '${gone.id}'`,
    'seats_revoked_is_final',
    dropTrigger('seats_revoked_is_final'),
  ],
  [
    'a counter that is set directly',
    () => `UPDATE pools SET taken = 0 WHERE id = '${full.id}'`,
    'pools_taken_is_counted_update',
    dropTrigger('pools_taken_is_counted_update'),
  ],
  [
    'a new pool with a counter above 0',
    () =>
      insertInto(
        'pools',
        newPool({ subscription_id: null, order_id: ORDER, taken: 1, capacity: 1 }),
      ),
    'pools_taken_is_counted_insert',
    dropTrigger('pools_taken_is_counted_insert'),
  ],
  [
    'a new pool with a counter below 0',
    () =>
      insertInto(
        'pools',
        newPool({ subscription_id: null, order_id: ORDER, taken: -1, capacity: 1 }),
      ),
    'pools_taken_is_counted_insert',
    `${dropTrigger('pools_taken_is_counted_insert')}; ${dropConstraint('pools_taken_positive')}`,
  ],
  [
    'a second pool of one subscription',
    () => insertInto('pools', newPool({ capacity: 1 })),
    'pools_organization_id_subscription_id_key',
    dropIndex('pools_organization_id_subscription_id_key'),
  ],
  [
    'a second seat of a member in a pool',
    () => insertInto('seats', claimedSeat(open, members[0], { email: newEmail() })),
    'seats_one_per_member',
    dropIndex('seats_one_per_member'),
  ],
  [
    'a second seat of an e-mail in a pool, in another case',
    () =>
      insertInto('seats', claimedSeat(open, members[1], { email: members[0].email.toUpperCase() })),
    // The index of the previous release, which PostgreSQL checks first.
    'seats_one_per_email',
    `${dropIndex('seats_one_per_email')}; ${dropIndex('seats_email_keys')}`,
  ],
  [
    'a claimed seat without a person',
    () => insertInto('seats', claimedSeat(open, { id: null, email: null })),
    'seats_state',
    dropConstraint('seats_state'),
  ],
  [
    'a seat with an unknown status',
    () => insertInto('seats', claimedSeat(open, members[1], { status: 'held' })),
    'seats_state',
    dropConstraint('seats_state'),
  ],
  [
    'a seat in another tenant’s pool',
    () => insertInto('seats', claimedSeat(foreign.pool, members[1])),
    'seats_organization_id_pool_id_fkey',
    `${COUNT}; ${dropConstraint('seats_organization_id_pool_id_fkey')}`,
  ],
  [
    'a seat of another tenant’s member',
    () => insertInto('seats', claimedSeat(open, foreign.member)),
    'seats_organization_id_member_id_fkey',
    dropConstraint('seats_organization_id_member_id_fkey'),
  ],
  [
    'a seat of another tenant’s customer',
    () =>
      insertInto(
        'seats',
        claimedSeat(open, members[1], { customer_id: foreign.member.customer_id }),
      ),
    'seats_organization_id_customer_id_fkey',
    dropConstraint('seats_organization_id_customer_id_fkey'),
  ],
  [
    'the deletion of a pool that has seats',
    () => `DELETE FROM pools WHERE id = '${full.id}'`,
    'seats_organization_id_pool_id_fkey',
    dropConstraint('seats_organization_id_pool_id_fkey'),
  ],
];

/** A statement that a check constraint refuses, and its name in the titles. */
type NamedAttack = [name: string, attack: () => string];
const named = (...attack: NamedAttack): NamedAttack => attack;
const checked = (guard: string, ...attacks: NamedAttack[]): typeof ATTACKS =>
  attacks.map(([name, attack]) => [name, attack, guard, dropConstraint(guard)]);

const PERSON = ['customer_id', 'member_id', 'email'];
const INVITATION = ['invitation_nonce', 'invitation_hash', 'invitation_expires_at'];

const setOf = (table: string, row: () => { id: string | null }, set: string) => () =>
  `UPDATE ${table} SET ${set} WHERE organization_id = '${tenant.id}' AND id = '${row().id}'`;
const ofTenant = (set: string) => () => `UPDATE organizations SET ${set} WHERE id = '${tenant.id}'`;
const ofProduct = (set: string) => setOf('products', () => ({ id: open.product_id }), set);
const ofBuyer = (set: string) => setOf('customers', () => ({ id: open.customer_id }), set);
const ofSubscription = (set: string) =>
  setOf('subscriptions', () => ({ id: open.subscription_id }), set);
const ofOrder = (set: string) => setOf('orders', () => ({ id: ORDER }), set);
const ofPool = (set: string) => setOf('pools', () => open, set);
const ofSeat = (set: string) => setOf('seats', () => seat, set);
const ofRevoked = (set: string) => setOf('seats', () => gone, set);

const ELEVEN_KEYS = JSON.stringify(
  Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, index])),
);
const SIZED_TABLES = {
  products: ofProduct,
  customers: ofBuyer,
  subscriptions: ofSubscription,
  orders: ofOrder,
  seats: ofSeat,
};

const CHECKS: typeof ATTACKS = [
  ...Object.entries(SIZED_TABLES).flatMap(([table, change]) =>
    checked(
      `${table}_metadata_size`,
      [`eleven keys of metadata in ${table}`, change(`metadata = '${ELEVEN_KEYS}'`)],
      [
        `70,000 characters of metadata in ${table}`,
        change(`metadata = jsonb_build_object('k', repeat('x', 70000))`),
      ],
    ),
  ),
  ...checked(
    'organizations_invitation_expires_in',
    ['invitations that last less than a minute', ofTenant('invitation_expires_in = 59')],
    ['invitations that last more than a year', ofTenant('invitation_expires_in = 31536001')],
  ),
  ...checked('organizations_grace', [
    'a grace period below 0',
    ofTenant('expired_invitation_grace = -1'),
  ]),
  ...checked('products_metadata', [
    'a list as the metadata of a product',
    ofProduct(`metadata = '[]'`),
  ]),
  ...checked('customers_type', ['a customer of an unknown type', ofBuyer(`type = 'robot'`)]),
  ...checked('customers_metadata', [
    'a list as the metadata of a customer',
    ofBuyer(`metadata = '[]'`),
  ]),
  ...checked('members_role', [
    'a member with an unknown role',
    setOf('members', () => members[0], `role = 'admin'`),
  ]),
  ...checked('checkouts_status', [
    'a checkout with an unknown status',
    () =>
      insertInto('checkouts', {
        organization_id: tenant.id,
        id: randomUUID(),
        created_at: '2026-01-01',
        product_id: open.product_id,
        status: 'paid',
        client_secret_hash: 'hash',
        expires_at: '2026-01-01',
      }),
  ]),
  ...checked('subscriptions_status', [
    'a subscription with an unknown status',
    ofSubscription(`status = 'paused'`),
  ]),
  ...checked('subscriptions_metadata', [
    'a list as the metadata of a subscription',
    ofSubscription(`metadata = '[]'`),
  ]),
  ...checked('subscriptions_period', [
    'cancel_at_period_end without the end of a period',
    ofSubscription('cancel_at_period_end = true'),
  ]),
  ...checked('orders_status', ['an order with an unknown status', ofOrder(`status = 'lost'`)]),
  ...checked('orders_metadata', ['a list as the metadata of an order', ofOrder(`metadata = '[]'`)]),
  ...checked(
    'pools_one_container',
    ['a pool without a purchase', ofPool('subscription_id = NULL')],
    ['a pool of two purchases', ofPool(`order_id = '${ORDER}'`)],
  ),
  ...checked('pools_capacity_positive', ['a pool of 0 seats', ofPool('capacity = 0')]),
  ...checked('events_actor', [
    'an event of an unknown actor',
    () => `UPDATE events SET actor_type = 'ghost' WHERE seat_id = '${seat.id}'`,
  ]),
  ...checked('seats_metadata', ['a list as the metadata of a seat', ofSeat(`metadata = '[]'`)]),
  ...checked(
    'seats_state',
    ...[...PERSON, ...INVITATION].map((column) =>
      named(`a pending seat without ${column}`, ofSeat(`${column} = NULL`)),
    ),
    ...['claimed_at', 'revoked_at'].map((column) =>
      named(`a pending seat with ${column}`, ofSeat(`${column} = now()`)),
    ),
    ...[...PERSON, 'claimed_at'].map((column) =>
      named(`a claimed seat without ${column}`, () =>
        insertInto('seats', claimedSeat(open, members[1], { [column]: null })),
      ),
    ),
    ...[...INVITATION, 'revoked_at'].map((column) =>
      named(`a claimed seat with ${column}`, () =>
        insertInto('seats', claimedSeat(open, members[1], { [column]: '2026-01-01' })),
      ),
    ),
    named('a revoked seat without revoked_at', ofRevoked('revoked_at = NULL')),
    ...[...PERSON, ...INVITATION].map((column) =>
      named(`a revoked seat with ${column}`, () => {
        const { customer_id } = open;
        const person: Record<string, string> = { customer_id, member_id: members[1].id };
        return ofRevoked(`${column} = '${person[column] ?? '2026-01-01'}'`)();
      }),
    ),
  ),
];

const withOrder = () =>
  client.query(
    insertInto('orders', {
      organization_id: tenant.id,
      id: ORDER,
      created_at: '2026-01-01',
      product_id: open.product_id,
      customer_id: open.customer_id,
    }),
  );

describe.each([...ATTACKS, ...CHECKS])('%s', (_, attack, guard, without) => {
  beforeEach(withOrder);

  it(`is refused by ${guard}`, async () => {
    await expect(client.query(attack())).rejects.toMatchObject({ constraint: guard });
  });

  it(`would succeed without ${guard}`, async () => {
    await client.query(without);
    expect((await client.query(attack())).rowCount).toBeGreaterThan(0);
  });
});

describe('the counter of a pool', () => {
  it('is never below 0, even without its trigger', async () => {
    await client.query(dropTrigger('pools_taken_is_counted_update'));
    await expect(client.query(ofPool('taken = -1')())).rejects.toMatchObject({
      constraint: 'pools_taken_positive',
    });
  });

  it('refuses the second of two concurrent inserts for the last place', async () => {
    const { id } = await tenant.subscription(1, { customer_id: open.customer_id });
    const pool = await poolOf(api, id);
    const other = new Client(api.database.url);
    await other.connect();
    try {
      await client.query(insertInto('seats', claimedSeat(pool, members[1])));
      const second = other
        .query(insertInto('seats', claimedSeat(pool, members[2])))
        .catch((error: unknown) => error);
      await lockWaiters(api, 1);
      await client.query('COMMIT');
      expect(await second).toMatchObject({ constraint: 'pools_never_oversold' });
      expect(await poolOf(api, id)).toMatchObject({ taken: 1, held: 1 });
    } finally {
      await other.end();
    }
  });

  it.each([
    ['deleted', () => `DELETE FROM seats WHERE id = '${seat.id}'`, 0],
    ['inserted', () => insertInto('seats', claimedSeat(open, members[1])), 2],
    [
      'moved',
      () => `UPDATE seats SET pool_id = '${open.id}', member_id = '${members[1].id}',
      email = '${members[1].email}' WHERE pool_id = '${full.id}'`,
      2,
    ],
  ])('follows a seat that is %s directly in the database', async (_, statement, taken) => {
    await client.query(statement());
    const { rows } = await client.query(`SELECT taken FROM pools WHERE id = '${open.id}'`);
    expect(rows).toEqual([{ taken }]);
  });
});
