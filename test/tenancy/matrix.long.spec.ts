import { SCOPES } from '../../src/organizations/scopes.js';
import { errorOf, newEmail } from '../seats/fixtures.js';
import { type Answer, startApp, type TestApp } from '../support/app.js';
import { Contract, type Operation } from '../support/contract.js';
import { furnish, type Ids, pathId, UNKNOWN, type World } from '../support/world.js';

/*
 * Every route with every kind of token, and with the ids of another organization in its path, query
 * and body. The routes come from the API description: a route without a row here fails.
 */

/** `ids` are the ids that the request names; `own` are those of the caller. */
type Build = (ids: Ids, own: World) => object;

interface Row {
  query?: (ids: Ids) => Record<string, string>;
  /** The bodies. The first one is valid for the owner of the ids. */
  bodies?: Build[];
}

const seatOf: Build[] = [
  ({ subscription }) => ({ subscription_id: subscription, email: newEmail() }),
  ({ order }) => ({ order_id: order, email: newEmail() }),
  ({ checkout }) => ({ checkout_id: checkout, email: newEmail() }),
  ({ member }, { ids }) => ({ subscription_id: ids.subscription, member_id: member }),
  ({ customer }, { ids }) => ({ subscription_id: ids.subscription, customer_id: customer }),
  ({ external }, { ids }) => ({ order_id: ids.order, external_member_id: external }),
  ({ external }, { ids }) => ({ order_id: ids.order, external_customer_id: external }),
];
const sale = ({ product, customer }: Ids) => ({ product_id: product, customer_id: customer });
const purchaseOf: Build[] = [
  (ids) => ({ ...sale(ids), seats: 1 }),
  ({ product }, { ids }) => ({ ...sale(ids), product_id: product, seats: 1 }),
  ({ customer }, { ids }) => ({ ...sale(ids), customer_id: customer, seats: 1 }),
  ({ checkout }, { ids }) => ({ ...sale(ids), checkout_id: checkout, seats: 1 }),
];
const inlineOf: Build = () => ({
  product: { external_id: 'inline', name: 'Inline' },
  customer: { external_id: 'inline', email: 'inline@example.com' },
  seats: 60,
});
const upserts: Row = {
  bodies: [(ids) => ({ ...sale(ids), seats: 60 }), inlineOf, ...purchaseOf],
};
const list = (build: (ids: Ids) => Record<string, string>): Row => ({ query: build });

const ROWS: Record<string, Row> = {
  'GET /v1/events': list(({ seat }) => ({ seat_id: seat })),
  'GET /v1/customer-seats/{seat_id}/events': {},
  'POST /v1/customer-seats': { bodies: seatOf },
  'GET /v1/customer-seats': list(({ subscription }) => ({ subscription_id: subscription })),
  'POST /v1/customer-seats/bulk': {
    bodies: [
      ({ subscription }) => ({ subscription_id: subscription, seats: [{ email: newEmail() }] }),
      ({ order }) => ({ order_id: order, seats: [{ email: newEmail() }] }),
      ({ member }, { ids }) => ({ order_id: ids.order, seats: [{ member_id: member }] }),
    ],
  },
  'POST /v1/customer-seats/bulk-revoke': {
    bodies: [
      ({ seat }) => ({ seat_ids: [seat] }),
      ({ subscription, email }) => ({ subscription_id: subscription, emails: [email] }),
      ({ subscription }) => ({ subscription_id: subscription, all: true }),
    ],
  },
  'GET /v1/customer-seats/{seat_id}': {},
  'PATCH /v1/customer-seats/{seat_id}': { bodies: [() => ({ metadata: { a: 1 } })] },
  'DELETE /v1/customer-seats/{seat_id}': {},
  'POST /v1/customer-seats/{seat_id}/replace': { bodies: [() => ({ email: newEmail() })] },
  'POST /v1/customer-seats/{seat_id}/resend': {},
  'GET /v1/customer-seats/claim/{invitation_token}': {},
  'GET /v1/customer-seats/claim/{invitation_token}/stream': {},
  'POST /v1/customer-seats/claim': {
    bodies: [(_, { invitation }) => ({ invitation_token: invitation })],
  },
  'GET /v1/access': list(({ product, email }) => ({ product_id: product, email })),
  'GET /v1/organization': {},
  'PATCH /v1/organization': { bodies: [() => ({ name: 'New' })] },
  'POST /v1/organization-access-tokens': {
    bodies: [() => ({ name: 'x', scopes: ['organization_access_tokens:write'] })],
  },
  'GET /v1/organization-access-tokens': {},
  'DELETE /v1/organization-access-tokens/{id}': {},
  'GET /v1/customer-portal/seats': list(({ subscription }) => ({ subscription_id: subscription })),
  'POST /v1/customer-portal/seats': { bodies: seatOf.slice(0, 4) },
  'GET /v1/customer-portal/seats/subscriptions': {},
  'DELETE /v1/customer-portal/seats/{seat_id}': {},
  'POST /v1/customer-portal/seats/{seat_id}/resend': {},
  'POST /v1/customer-sessions': {
    bodies: [
      ({ customer }) => ({ customer_id: customer }),
      ({ member }) => ({ member_id: member }),
      ({ external }) => ({ external_customer_id: external }),
      ({ member }, { ids }) => ({ customer_id: ids.customer, member_id: member }),
    ],
  },
  'POST /v1/checkouts': { bodies: purchaseOf.slice(0, 3) },
  'GET /v1/checkouts': {},
  'GET /v1/checkouts/external/{external_id}': {},
  'GET /v1/checkouts/{id}': {},
  'PATCH /v1/checkouts/{id}': { bodies: [() => ({ external_id: newEmail() })] },
  'POST /v1/customers': { bodies: [() => ({ email: newEmail() })] },
  'GET /v1/customers': {},
  'GET /v1/customers/external/{external_id}': {},
  'GET /v1/customers/{id}': {},
  'PATCH /v1/customers/{id}': { bodies: [() => ({ name: 'New' })] },
  'DELETE /v1/customers/{id}': {},
  'POST /v1/members': {
    bodies: [({ customer }) => ({ customer_id: customer, email: newEmail() })],
  },
  'GET /v1/members': list(({ customer }) => ({ customer_id: customer })),
  'GET /v1/members/external/{external_id}': list(({ customer }) => ({ customer_id: customer })),
  'GET /v1/members/{id}': {},
  'PATCH /v1/members/{id}': { bodies: [() => ({ name: 'New' })] },
  'DELETE /v1/members/{id}': {},
  'POST /v1/orders': { bodies: purchaseOf },
  'GET /v1/orders': {},
  'GET /v1/orders/external/{external_id}': {},
  'PUT /v1/orders/external/{external_id}': upserts,
  'GET /v1/orders/{id}': {},
  'PATCH /v1/orders/{id}': { bodies: [() => ({ seats: 55 })] },
  'POST /v1/products': { bodies: [() => ({ name: 'x' })] },
  'GET /v1/products': {},
  'GET /v1/products/external/{external_id}': {},
  'GET /v1/products/{id}': {},
  'PATCH /v1/products/{id}': { bodies: [() => ({ name: 'New' })] },
  'DELETE /v1/products/{id}': {},
  'POST /v1/subscriptions': { bodies: purchaseOf },
  'GET /v1/subscriptions': {},
  'GET /v1/subscriptions/external/{external_id}': {},
  'PUT /v1/subscriptions/external/{external_id}': upserts,
  'GET /v1/subscriptions/{id}': {},
  'PATCH /v1/subscriptions/{id}': { bodies: [() => ({ seats: 55 })] },
  'DELETE /v1/subscriptions/{id}': {},
  'GET /v1/webhooks/endpoints': {},
  'POST /v1/webhooks/endpoints': { bodies: [() => ({ url: 'https://example.com/' })] },
  'GET /v1/webhooks/endpoints/{id}': {},
  'PATCH /v1/webhooks/endpoints/{id}': { bodies: [() => ({ description: 'New' })] },
  'DELETE /v1/webhooks/endpoints/{id}': {},
  'PATCH /v1/webhooks/endpoints/{id}/secret': {},
  'POST /v1/webhooks/endpoints/{id}/test': {},
  'GET /v1/webhooks/deliveries': list(({ endpoint }) => ({ endpoint_id: endpoint })),
  'POST /v1/webhooks/events/{id}/redeliver': {},
};
const OWN_SUBSCRIPTIONS = 'GET /v1/customer-portal/seats/subscriptions';
const BAD_TOKEN = 'seat_oat_bad';

let api: TestApp;
let operations: Map<string, Operation>;
/** The organization whose ids others send. Nothing that they send may change it. */
let owner: World;
/** Another organization, which sends the ids of the owner. */
let stranger: World;

beforeAll(async () => {
  api = await startApp({ RESEND_INTERVAL: '0' });
  operations = new Map(
    new Contract(api.app).operations
      .filter(({ path }) => path.startsWith('/v1/'))
      .map((each) => [`${each.method} ${each.path}`, each]),
  );
  owner = await newWorld();
  stranger = await newWorld();
}, 60_000);
afterAll(() => api?.close());

const operationOf = (name: string): Operation => {
  const operation = operations.get(name);
  if (operation === undefined) throw new Error(`${name} is not in the API description`);
  return operation;
};
const newWorld = async () => furnish(await api.tenant());

/** Sends the request of a row. */
async function send(
  name: string,
  token: string | null,
  {
    ids,
    own,
    build = ROWS[name]?.bodies?.[0],
  }: { ids: Ids; own: World; build?: Build | undefined },
): Promise<Answer> {
  const { method, path } = operationOf(name);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) =>
    parameter === 'invitation_token' ? 'x'.repeat(43) : ids[pathId(path, parameter)],
  );
  const query = new URLSearchParams(ROWS[name]?.query?.(ids)).toString();
  const body = build?.(ids, own);
  return api.call(method, query === '' ? filled : `${filled}?${query}`, {
    token,
    ...(body && { body }),
  });
}

/** Every row of the organization, except what the use of its tokens writes. */
async function rowsOf({ tenant }: World): Promise<string[]> {
  const tables = await api.database.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name = 'organization_id'`,
  );
  const rows: string[] = [];
  for (const { name } of tables) {
    const found = await api.database.sql<{ row: string }>(
      `SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM ${name} t WHERE organization_id = $1`,
      [tenant.id],
    );
    rows.push(...found.map(({ row }) => `${name} ${row}`));
  }
  return rows.sort();
}

/** The answer without the id of its request, and with the ids of objects made equal. */
function normalized({ status, body }: Answer, ids: Ids): unknown {
  // Of a success, only the errors of single items name ids.
  const named = status < 400 ? { failed: body?.failed } : { ...body, request_id: undefined };
  let text = JSON.stringify(named);
  for (const [kind, id] of Object.entries(ids)) text = text.replaceAll(id, kind);
  return [status, text];
}

const names = Object.keys(ROWS);
const having = (access: Operation['access']) => (name: string) =>
  (name.includes('/customer-portal/') ? 'session' : isPublic(name) ? 'public' : 'token') === access;
const isPublic = (name: string) => name.includes('/customer-seats/claim');
const tokenRoutes = names.filter(having('token'));
const sessionRoutes = names.filter(having('session'));

it('has a row for every route of the API, and no other', () => {
  expect(names.toSorted()).toEqual([...operations.keys()].sort());
  for (const name of names) expect(having(operationOf(name).access)(name)).toBe(true);
});

describe('a token', () => {
  it.each(names.filter((name) => !isPublic(name)))(
    'that is missing, wrong or of another kind gets a 401 from %s',
    async (name) => {
      const { tenant, sessions, ids } = stranger;
      const other = operationOf(name).access === 'token' ? sessions.customer : tenant.token;
      const request = { ids, own: stranger };
      expect(errorOf(await send(name, null, request))).toEqual([401, 'Unauthorized']);
      expect(errorOf(await send(name, BAD_TOKEN, request))).toEqual([401, 'invalid_token']);
      expect(errorOf(await send(name, other, request))).toEqual([401, 'invalid_token']);
    },
  );

  it.each(tokenRoutes)('needs exactly the scope of %s', async (name) => {
    const world = await newWorld();
    const { scope } = operationOf(name);
    const others = SCOPES.filter((each) => each !== scope);
    const request = { ids: world.ids, own: world };
    const refused = await send(name, await world.tenant.tokenWith(...others), request);
    expect(errorOf(refused)).toEqual([403, 'insufficient_scope']);
    // The route deletes or revokes only what a token of these scopes may revoke.
    const scopes = name.includes('tokens/{id}') ? [scope, 'events:read'] : [scope];
    const token = await world.tenant.tokenWith(...scopes.filter((each) => each !== undefined));
    const answer = await send(name, token, request);
    // A customer and a product that are in use cannot be deleted.
    const isInUse = /^DELETE .*(customers|products)/.test(name) && answer.status === 409;
    if (!isInUse)
      expect({ ok: answer.status < 300, body: answer.body }).toMatchObject({ ok: true });
  });
});

describe('the ids of another organization', () => {
  it.each([...tokenRoutes, ...sessionRoutes])(
    'are answered as unknown ids, and change nothing: %s',
    async (name) => {
      const token =
        operationOf(name).access === 'token' ? stranger.tenant.token : stranger.sessions.customer;
      const before = await rowsOf(owner);
      for (const build of ROWS[name]?.bodies ?? [undefined]) {
        const foreign = await send(name, token, { ids: owner.ids, own: stranger, build });
        const unknown = await send(name, token, { ids: UNKNOWN, own: stranger, build });
        expect(normalized(foreign, owner.ids)).toEqual(normalized(unknown, UNKNOWN));
        if (foreign.status < 400) {
          // The errors of items name the ids of the request. They were compared above.
          const shown = JSON.stringify({ ...foreign.body, failed: undefined });
          const { external: _, ...ids } = owner.ids;
          const leaked = Object.entries(ids).filter(([, id]) => shown.includes(id));
          expect(leaked.map(([kind]) => kind)).toEqual([]);
        }
      }
      expect(await rowsOf(owner)).toEqual(before);
    },
  );
});

describe('a session', () => {
  it.each(sessionRoutes)('of each role may use %s as its role says', async (name) => {
    const world = await newWorld();
    for (const role of ['customer', 'owner', 'billing_manager'] as const) {
      const answer = await send(name, world.sessions[role], { ids: world.ids, own: world });
      expect([role, answer.status]).toEqual([role, 200]);
    }
    const { ids, sessions } = stranger;
    const answer = await send(name, sessions.member, { ids, own: stranger });
    expect(errorOf(answer)).toEqual(
      name === OWN_SUBSCRIPTIONS ? [200, undefined] : [403, 'NotPermitted'],
    );
  });

  it.each(sessionRoutes)(
    'of another buyer of the same organization finds nothing: %s',
    async (name) => {
      const { tenant } = owner;
      const customer = await tenant.create('customers', { email: newEmail() });
      const { token } = await tenant.create('customer-sessions', { customer_id: customer.id });
      for (const build of ROWS[name]?.bodies?.slice(0, 2) ?? [undefined]) {
        const foreign = await send(name, token, { ids: owner.ids, own: owner, build });
        const unknown = await send(name, token, { ids: UNKNOWN, own: owner, build });
        expect(normalized(foreign, owner.ids)).toEqual(normalized(unknown, UNKNOWN));
        for (const id of [owner.ids.seat, owner.ids.subscription]) {
          if (foreign.status < 400) expect(JSON.stringify(foreign.body)).not.toContain(id);
        }
      }
    },
  );
});

describe('the cursor of another organization', () => {
  it.each(['/v1/events?', '/v1/customer-seats?'])('shows nothing of it: %s', async (url) => {
    const pageOf = (world: World, cursor: string) => {
      const container = url.includes('seats') ? `&subscription_id=${world.ids.subscription}` : '';
      return world.tenant.call('GET', `${url}limit=1${container}${cursor}`);
    };
    const { next_cursor } = (await pageOf(owner, '')).body;
    expect(next_cursor).toEqual(expect.any(String));
    const { status, body } = await pageOf(stranger, `&cursor=${next_cursor}`);
    expect([200, 422]).toContain(status);
    expect(JSON.stringify(body)).not.toContain(owner.ids.subscription);
  });
});

describe('the idempotency key of another organization', () => {
  let keeper: World;

  beforeAll(async () => {
    keeper = await newWorld();
  });

  it.each(tokenRoutes.filter((name) => /^(POST|PATCH|DELETE)/.test(name)))(
    'has no effect here: %s',
    async (name) => {
      const headers = { 'idempotency-key': name };
      const keyed = (world: World) => {
        const { method, path } = operationOf(name);
        const url = path.replaceAll(
          /\{(\w+)\}/g,
          (_, each: string) => keeper.ids[pathId(path, each)],
        );
        const body = ROWS[name]?.bodies?.[0]?.(keeper.ids, keeper);
        return world.tenant.call(method, url, { headers, ...(body && { body }) });
      };
      await keyed(keeper);
      expect((await keyed(stranger)).headers['idempotent-replayed']).toBeUndefined();
    },
  );
});
