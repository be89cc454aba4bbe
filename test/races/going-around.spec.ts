import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { assign, newEmail, poolOf, revoke } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';

/*
 * What the database refuses to whoever goes around the service. Each attack names the guard that
 * refuses it, and how to take that guard away: then the attack must succeed, or another guard
 * would be what is tested.
 */

/** An order without a pool, for statements that bring one themselves. */
const ORDER = randomUUID();

let api: TestApp;
let client: Client;
let tenant: Tenant;
let seat: any;
let gone: any;
let members: any[];
let foreign: { pool: any; member: any };
// Of the same buyer: one without a free place, one with a free place of two.
let full: any;
let open: any;

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
  const theirs = await assign(stranger, {
    subscription_id: (await stranger.subscription(2)).id,
    email: newEmail(),
  });
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

/** A claimed seat of a member, as a hand would insert it. */
const claimedSeat = (pool: any, member: any, more: object = {}) => ({
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
    'a revoked seat that comes back',
    () => `UPDATE seats SET status = 'claimed', claimed_at = now(), revoked_at = NULL,
      customer_id = '${open.customer_id}', member_id = '${members[2].id}',
      email = '${members[2].email}' WHERE id = '${gone.id}'`,
    'seats_revoked_is_final',
    dropTrigger('seats_revoked_is_final'),
  ],
  [
    'a count set by hand',
    () => `UPDATE pools SET taken = 0 WHERE id = '${full.id}'`,
    'pools_taken_is_counted_update',
    dropTrigger('pools_taken_is_counted_update'),
  ],
  [
    'a pool that starts with a count',
    () =>
      insertInto(
        'pools',
        newPool({ subscription_id: null, order_id: ORDER, taken: 1, capacity: 1 }),
      ),
    'pools_taken_is_counted_insert',
    dropTrigger('pools_taken_is_counted_insert'),
  ],
  [
    'a count below nothing',
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
    'a member who sits twice in a pool',
    () => insertInto('seats', claimedSeat(open, members[0], { email: newEmail() })),
    'seats_one_per_member',
    dropIndex('seats_one_per_member'),
  ],
  [
    'an e-mail that sits twice in a pool, in another case',
    () =>
      insertInto('seats', claimedSeat(open, members[1], { email: members[0].email.toUpperCase() })),
    'seats_one_per_email',
    dropIndex('seats_one_per_email'),
  ],
  [
    'a claimed seat of nobody',
    () => insertInto('seats', claimedSeat(open, { id: null, email: null })),
    'seats_state',
    dropConstraint('seats_state'),
  ],
  [
    'a seat in a state that there is not',
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
    'a pool that is deleted under its seats',
    () => `DELETE FROM pools WHERE id = '${full.id}'`,
    'seats_organization_id_pool_id_fkey',
    dropConstraint('seats_organization_id_pool_id_fkey'),
  ],
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

describe.each(ATTACKS)('%s', (_, attack, guard, without) => {
  beforeEach(withOrder);

  test(`is refused by ${guard}`, async () => {
    await expect(client.query(attack())).rejects.toMatchObject({ constraint: guard });
  });

  test(`would be possible without it`, async () => {
    await client.query(without);
    expect((await client.query(attack())).rowCount).toBeGreaterThan(0);
  });
});

test('of two hands that take the last place at once the second is refused', async () => {
  const other = new Client(api.database.url);
  await other.connect();
  try {
    await client.query(insertInto('seats', claimedSeat(open, members[1])));
    const second = other
      .query(insertInto('seats', claimedSeat(open, members[2])))
      .catch((error: unknown) => error);
    await client.query('COMMIT');
    expect(await second).toMatchObject({ constraint: 'pools_never_oversold' });
    await client.query(`DELETE FROM seats WHERE member_id = '${members[1].id}'`);
    expect(await poolOf(api, open.subscription_id)).toMatchObject({ taken: 1, held: 1 });
  } finally {
    await other.end();
  }
});

test.each([
  ['deleted', () => `DELETE FROM seats WHERE id = '${seat.id}'`, 0],
  ['inserted', () => insertInto('seats', claimedSeat(open, members[1])), 2],
  [
    'moved',
    () => `UPDATE seats SET pool_id = '${open.id}', member_id = '${members[1].id}',
      email = '${members[1].email}' WHERE pool_id = '${full.id}'`,
    2,
  ],
])('a seat that is %s by hand is counted', async (_, statement, taken) => {
  await client.query(statement());
  const { rows } = await client.query(`SELECT taken FROM pools WHERE id = '${open.id}'`);
  expect(rows).toEqual([{ taken }]);
});
