import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { assign, claimed, newEmail, newSeat, NOBODY, setOrganization } from '../seats/fixtures.js';
import { browse, newMember, sessionFor, tryOpen } from './fixtures.js';

const HOSTILE = '<script>alert(1)</script>"\'&';
const ESCAPED = '&lt;script&gt;alert(1)&lt;/script&gt;';

let api: TestApp;
let tenant: Tenant;
let subscription: any;
let token: string;
let buyer: ReturnType<typeof browse>;
let page: string;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(3);
  token = await sessionFor(tenant, { customer_id: subscription.customer_id });
  buyer = browse(api, token);
  page = `/portal/subscriptions/${subscription.id}`;
});
afterAll(() => api?.close());

const give = (more: object = {}) =>
  assign(tenant, { subscription_id: subscription.id, email: newEmail(), ...more });
const noticeIn = (body: string) =>
  /role="status"[^>]*>\s*<p><strong>(.*?)<\/strong>/.exec(body)?.[1];

describe('the way in', () => {
  test('the link puts the token into a cookie, and leads on without it', async () => {
    const { customer_portal_url: url } = (
      await tryOpen(tenant, { customer_id: subscription.customer_id })
    ).body;
    const { pathname, search, searchParams } = new URL(url);
    const { status, body, headers } = await browse(api, undefined).open(pathname + search);
    expect(status).toBe(200);
    expect(headers['set-cookie']).toBe(
      `seat_portal=${searchParams.get('token')}; Path=/portal; Max-Age=3600; HttpOnly; SameSite=Strict`,
    );
    expect(headers['refresh']).toBe('0;url=/portal/seats');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(body).not.toContain(searchParams.get('token'));
  });

  test.each(['', 'nonsense', 'seat_cst_nonsense'])(
    'a link with the token %j leads nowhere',
    async (bad) => {
      const { status, headers, body } = await browse(api, undefined).open(`/portal?token=${bad}`);
      expect(status).toBe(401);
      expect(headers['set-cookie']).toBeUndefined();
      expect(body).toContain('Your visit has ended');
    },
  );

  test('an organization’s token is no way in', async () => {
    const { open } = browse(api, tenant.token);
    expect((await open(`/portal?token=${tenant.token}`)).status).toBe(401);
    expect((await open('/portal/seats')).status).toBe(401);
  });

  test('without a session, or when it has ended, the page says what to do', async () => {
    for (const visitor of [browse(api, undefined), browse(api, 'seat_cst_x')]) {
      const { status, body } = await visitor.open(page, { 'accept-language': 'de-AT' });
      expect(status).toBe(401);
      expect(body).toContain('<html lang="de">');
      expect(body).toContain('Ihr Besuch ist beendet');
    }
    await api.database.sql(`UPDATE customer_sessions SET expires_at = '2020-01-01'`);
    expect((await buyer.open(page)).status).toBe(401);
  });

  test('whom another site led here without the cookie is led on, and then brings it', async () => {
    const fromElsewhere = { 'sec-fetch-site': 'cross-site' };
    const answer = await browse(api, undefined).open(page, fromElsewhere);
    expect(answer.headers['refresh']).toBe(`0;url=${page}`);
    expect((await browse(api, undefined).open(page)).status).toBe(401);
  });

  test('signing out ends the session, in the link too', async () => {
    const answer = await buyer.send('/portal/logout');
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toContain('seat_portal=; Path=/portal; Max-Age=0;');
    expect((await buyer.open('/portal/seats')).status).toBe(401);
    expect((await buyer.open(`/portal?token=${token}`)).status).toBe(401);
  });
});

describe('what is shown', () => {
  test('the only purchase is shown at once, several to choose from', async () => {
    expect((await buyer.open('/portal/seats')).body).toContain('Invite people');
    const { customer_id, product_id } = subscription;
    const order = await tenant.create('orders', { customer_id, product_id, seats: 2 });
    const { body } = await buyer.open('/portal/seats');
    expect(body).toContain(`href="${page}"`);
    expect(body).toContain(`href="/portal/orders/${order.id}"`);
    expect(body).toContain('0 of 3 seats taken');
    expect(body).toContain('0 of 2 seats taken');
  });

  test('people with their states', async () => {
    await give({ invitation_expires_in: 60 });
    await give({ immediate_claim: true });
    api.clock.advance(61);
    await give();
    const { body } = await buyer.open(page);
    const states = [...body.matchAll(/<span class="chip (\w+)">/g)].map(([, state]) => state);
    expect(states).toEqual(['pending', 'claimed', 'expired']);
    expect(body).toContain('3 of 3 seats taken');
    expect(body).toContain('All seats are taken.');
  });

  test('a person is found by a part of the name or the e-mail', async () => {
    const { customer_id } = subscription;
    const member = await newMember(tenant, customer_id, 'member', { name: 'Grace Hopper' });
    await give({ email: undefined, member_id: member.id });
    const other = await give();
    for (const q of ['CE ho', member.email.slice(2, 9).toUpperCase()]) {
      const { body } = await buyer.open(`${page}?q=${encodeURIComponent(q)}`);
      expect(body).toContain(member.email);
      expect(body).not.toContain(other.email);
      expect(body).toContain('1 person');
    }
    const nobody = await buyer.open(`${page}?q=%25_%00`);
    expect(nobody.body).toContain('Nobody found for');
  });

  test('a large pool comes page by page, everybody once', async () => {
    const { id } = await tenant.create('subscriptions', {
      customer_id: subscription.customer_id,
      product_id: subscription.product_id,
      seats: 120,
    });
    const seats = Array.from({ length: 120 }, () => ({ email: newEmail() }));
    const body = { subscription_id: id, seats, immediate_claim: true };
    await tenant.call('POST', '/v1/customer-seats/bulk', { body });
    let url: string | undefined = `/portal/subscriptions/${id}`;
    const pages: string[][] = [];
    while (url !== undefined) {
      const answer: any = await buyer.open(url);
      pages.push([...answer.body.matchAll(/<p class="name">(.*?)</g)].map(([, name]) => name));
      url = /href="([^"]*cursor=[^"]*)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(pages.map((names) => names.length)).toEqual([50, 50, 20]);
    expect(new Set(pages.flat())).toEqual(new Set(seats.map(({ email }) => email)));
  });

  test('a member sees what they hold, and nothing else', async () => {
    const seat = await give();
    const member = browse(api, (await claimed(api, seat)).customer_session_token);
    const { status, body } = await member.open('/portal/seats');
    expect(status).toBe(200);
    expect(body).toContain('Your seats');
    expect(body).not.toContain('seats taken');
    for (const url of [page, `${page}/seats/${seat.id}/revoke`]) {
      const refused = await member.open(url);
      expect(refused.status).toBe(403);
      expect(refused.body).not.toContain(seat.email);
    }
    const url = `${page}/seats/${seat.id}`;
    for (const action of [`${page}/invite`, `${url}/revoke`, `${url}/resend`]) {
      expect((await member.send(action, { emails: newEmail() })).status).toBe(403);
    }
  });

  test('nothing of another buyer', async () => {
    const seat = await newSeat(tenant);
    const foreign = `/portal/subscriptions/${seat.subscription_id}`;
    const urls = [foreign, `${foreign}/seats/${seat.id}/revoke`, `${page}/seats/${seat.id}/revoke`];
    for (const url of urls) expect((await buyer.open(url)).status).toBe(404);
    const actions = [`${foreign}/invite`, ...urls.slice(1), `${page}/seats/${seat.id}/resend`];
    for (const url of actions) {
      expect((await buyer.send(url, { emails: newEmail() })).status).toBe(404);
    }
    for (const url of [`/portal/subscriptions/${NOBODY}`, '/portal/orders/x', '/portal/x/y']) {
      expect((await buyer.open(url)).status).toBe(404);
    }
    const rows = await api.database.sql(
      'SELECT status FROM seats WHERE pool_id = (SELECT pool_id FROM seats WHERE id = $1)',
      [seat.id],
    );
    expect(rows).toEqual([{ status: 'pending' }]);
  });

  test('seats that are switched off', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    for (const url of ['/portal/seats', page]) {
      const { status, body } = await buyer.open(url);
      expect(status).toBe(403);
      expect(body).toContain('Seats cannot be managed right now');
    }
  });

  test.each([
    ['de', 'Personen einladen'],
    ['fr', 'Inviter des personnes'],
    ['es-MX', 'Invitar a personas'],
    ['xx', 'Invite people'],
  ])('in the organization’s language: %s', async (locale, text) => {
    await setOrganization(api, tenant, { locale });
    expect((await buyer.open(page)).body).toContain(text);
  });
});

describe('what is done', () => {
  test('a list of people is invited, and each hears what came of it', async () => {
    const { email } = await give();
    const emails = `${email}, new-1@example.com\nNobody; new-2@example.com new-3@example.com`;
    const { status, body } = await buyer.send(`${page}/invite`, { emails });
    expect(status).toBe(200);
    expect(noticeIn(body)).toBe('2 of 5 invited');
    const results = [...body.matchAll(/<li><span>(.*?)<\/span><span class="chip \w+">(.*?)</g)];
    expect(results.map(([, who, what]) => `${who}: ${what}`)).toEqual([
      'Nobody: Not an e-mail address',
      `${email}: Has a seat already`,
      'new-3@example.com: No seat was left',
      'new-1@example.com: Invited',
      'new-2@example.com: Invited',
    ]);
    const [row] = await api.database.sql('SELECT taken FROM pools WHERE subscription_id = $1', [
      subscription.id,
    ]);
    expect(row).toEqual({ taken: 3 });
  });

  test('what was not read, or is too much at once, stays in the field', async () => {
    const { id } = await tenant.create('subscriptions', {
      customer_id: subscription.customer_id,
      product_id: subscription.product_id,
      seats: 200,
    });
    const emails = Array.from({ length: 101 }, () => newEmail());
    const text = ['Nobody', ...emails].join('\n');
    const url = `/portal/subscriptions/${id}/invite`;
    const { body } = await buyer.send(url, { emails: text });
    const field = /<textarea[^>]*>([^<]*)</.exec(body)?.[1];
    expect(field?.split('\n')).toEqual(['Nobody', emails[100]]);
    expect(body).toContain('1 more address is still in the field.');
  });

  test('a text that is too long is not read at all', async () => {
    const emails = 'ada@example.com '.repeat(6_500);
    expect((await buyer.send(`${page}/invite`, { emails })).status).toBe(413);
  });

  test('an empty field invites nobody, and says so', async () => {
    for (const form of [{}, { emails: ' ,' }] as Record<string, string>[]) {
      const { body } = await buyer.send(`${page}/invite`, form);
      expect(noticeIn(body)).toBe('Please enter at least one e-mail address.');
    }
  });

  test('an invitation is sent again, but not twice in a minute', async () => {
    const { id, email } = await give();
    const resend = () => buyer.send(`${page}/seats/${id}/resend`);
    expect(noticeIn((await resend()).body)).toContain(`on its way to ${email}`);
    expect(noticeIn((await resend()).body)).toMatch(/Try again in \d+ seconds\./);
  });

  test('the invitation of a claimed seat is not sent again', async () => {
    const { id } = await give({ immediate_claim: true });
    const { body } = await buyer.send(`${page}/seats/${id}/resend`);
    expect(noticeIn(body)).toBe('Only the invitation of a pending seat can be sent again.');
  });

  test('a seat is revoked after a question, by the session', async () => {
    const { id, email } = await give({ immediate_claim: true });
    const url = `${page}/seats/${id}/revoke`;
    const question = await buyer.open(url);
    expect(question.body).toContain(`${email} can no longer use Pro`);
    expect((await buyer.open(page)).body).toContain(email);
    const { body } = await buyer.send(url);
    expect(noticeIn(body)).toBe(`The seat of ${email} is free again.`);
    expect(body).toContain('0 of 3 seats taken');
    for (const again of [await buyer.open(url), await buyer.send(url)]) {
      expect(noticeIn(again.body)).toBe('This seat has been revoked already.');
    }
    const [event] = await api.database.sql(
      `SELECT actor_type FROM events WHERE seat_id = $1 AND type = 'customer_seat.revoked'`,
      [id],
    );
    expect(event).toEqual({ actor_type: 'session' });
  });

  test('the address of a form, opened again, leads back', async () => {
    const answer = await buyer.open(`${page}/invite`);
    expect([answer.status, answer.headers['location']]).toEqual([303, page]);
  });
});

describe('what must not happen', () => {
  test.each<[string, Record<string, string | undefined>, number]>([
    ['our own page', { 'sec-fetch-site': 'same-origin' }, 200],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }, 403],
    [
      'our origin, in an older browser',
      { 'sec-fetch-site': undefined, origin: 'http://localhost:3000' },
      200,
    ],
    [
      'the same host',
      { 'sec-fetch-site': undefined, origin: 'http://seats.test', host: 'seats.test' },
      200,
    ],
    [
      'another origin, in an older browser',
      { 'sec-fetch-site': undefined, origin: 'https://evil.example' },
      403,
    ],
    ['who hides the origin', { 'sec-fetch-site': undefined, origin: 'null' }, 403],
    ['who says nothing', { 'sec-fetch-site': undefined }, 403],
  ])('a form from %s', async (_, headers, status) => {
    const { id } = await give();
    const forms = [`${page}/seats/${id}/resend`, `${page}/invite`, `${page}/seats/${id}/revoke`];
    for (const url of forms) {
      expect((await buyer.send(url, { emails: newEmail() }, headers)).status).toBe(status);
    }
    const [seat] = await api.database.sql('SELECT status FROM seats WHERE id = $1', [id]);
    expect(seat).toEqual({ status: status === 200 ? 'revoked' : 'pending' });
  });

  test('names and e-mails are text, whatever is in them', async () => {
    await setOrganization(api, tenant, { name: HOSTILE });
    await api.database.sql('UPDATE products SET name = $2 WHERE organization_id = $1', [
      tenant.id,
      HOSTILE,
    ]);
    const name = { name: HOSTILE };
    const member = await newMember(tenant, subscription.customer_id, 'member', name);
    const seat = await give({ email: undefined, member_id: member.id });
    for (const answer of [
      await buyer.open(page),
      await buyer.open(`${page}?q=${encodeURIComponent(HOSTILE)}`),
      await buyer.send(`${page}/invite`, { emails: HOSTILE }),
      await buyer.open(`${page}/seats/${seat.id}/revoke`),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.body).not.toContain(HOSTILE.slice(0, 20));
      expect(answer.body).toContain(ESCAPED);
    }
  });

  test('a token is in no page', async () => {
    const { id } = await give();
    const answers = [
      await buyer.open('/portal/seats'),
      await buyer.open(page),
      await buyer.send(`${page}/invite`, { emails: newEmail() }),
      await buyer.send(`${page}/seats/${id}/resend`),
      await buyer.open(`${page}/seats/${id}/revoke`),
    ];
    for (const { body } of answers) {
      expect(body).not.toMatch(/seat_(cst|mst|oat)_/);
      expect(body).not.toContain('/claim?token');
    }
  });

  test('no script, style or image runs but our own, and the logo', async () => {
    const brand = { color: '#0f766e', logo_url: 'https://cdn.acme.example/logo.svg' };
    await setOrganization(api, tenant, { brand: JSON.stringify(brand) });
    const { headers, body } = await buyer.open(page);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[^ ]+';/);
    expect(policy).toContain('img-src https://cdn.acme.example;');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(body).toContain('<img src="https://cdn.acme.example/logo.svg"');
    expect(headers['cache-control']).toContain('no-store');
  });
});

test('the cookie goes over https alone where the service does', async () => {
  const secure = await startApp({ PUBLIC_URL: 'https://seats.example.com' });
  try {
    const seller = await secure.tenant();
    const { customer_id } = await seller.subscription(1);
    const session = await sessionFor(seller, { customer_id });
    const { headers } = await browse(secure, undefined).open(`/portal?token=${session}`);
    expect(headers['set-cookie']).toMatch(/; SameSite=Strict; Secure$/);
  } finally {
    await secure.close();
  }
});

test('too many requests are answered by a page', async () => {
  const limited = await startApp({ RATE_LIMIT_PUBLIC: '2' });
  try {
    const { open } = browse(limited, undefined);
    await open('/portal/seats');
    await open('/portal');
    const { status, headers, body } = await open('/portal/seats');
    expect(status).toBe(429);
    expect(headers['retry-after']).toMatch(/^\d+$/);
    expect(body).toContain('One moment, please');
  } finally {
    await limited.close();
  }
});
