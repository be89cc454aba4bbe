import type { SubscriptionDto } from '../../src/purchases/subscriptions/subscriptions.dto.js';
import type { CustomerSeatDto } from '../../src/seats/seats.dto.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { dumpDatabase } from '../support/secrets.js';
import {
  assign,
  claimed,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  setOrganization,
} from '../seats/fixtures.js';
import {
  browse,
  linkFor,
  newMember,
  type PageResponse,
  type PortalBrowser,
  sessionFor,
  tryOpen,
} from './fixtures.js';

const HOSTILE = '<script>alert(1)</script>"\'&';
const ESCAPED = '&lt;script&gt;alert(1)&lt;/script&gt;';

let api: TestApp;
let tenant: Tenant;
let subscription: SubscriptionDto;
let token: string;
let buyer: PortalBrowser;
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

const assignSeat = (more: object = {}): Promise<CustomerSeatDto> =>
  assign(tenant, { subscription_id: subscription.id, email: newEmail(), ...more });
const noticeOf = ({ body }: PageResponse) =>
  /role="status"[^>]*>\s*<p><strong>(.*?)<\/strong>/.exec(body)?.[1];

describe('Signing in to the portal', () => {
  const cookieOf = ({ headers }: PageResponse) =>
    /^seat_portal=(\w+);/.exec(String(headers['set-cookie']))?.[1];
  const newLink = (body: object = { customer_id: subscription.customer_id }) =>
    linkFor(tenant, body);
  const nobody = () => browse(api, undefined);

  it('The link shows a page that sends its code, and spends it only then', async () => {
    const { path, code } = await newLink();
    for (let scanner = 0; scanner < 3; scanner += 1) {
      const { status, body, headers } = await nobody().open(path);
      expect(status).toBe(200);
      expect(body).toContain(`<input type="hidden" name="code" value="${code}">`);
      expect(body).toContain('<button class="button" type="submit">Continue</button>');
      expect(headers['set-cookie']).toBeUndefined();
      expect(headers['referrer-policy']).toBe('strict-origin');
    }
    const { status, headers } = await nobody().send('/portal', { code });
    expect([status, headers['location']]).toEqual([303, '/portal/seats']);
    expect(headers['set-cookie']).toMatch(
      /^seat_portal=seat_cst_\w+; Path=\/portal; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
  });

  it('The session in the cookie is a second one, which ends with the session of the link', async () => {
    const answer = (await tryOpen(tenant, { customer_id: subscription.customer_id })).body;
    const code = answer.customer_portal_url.split('=')[1];
    api.clock.advance(600);
    const cookie = cookieOf(await nobody().send('/portal', { code }));
    expect(cookie).not.toBe(answer.token);
    const user = browse(api, cookie);
    expect((await user.open('/portal/seats')).status).toBe(200);
    api.clock.advance(2999);
    expect((await user.open('/portal/seats')).status).toBe(200);
    api.clock.advance(2);
    expect((await user.open('/portal/seats')).status).toBe(401);
  });

  it('A code works once, even when it is sent several times at the same moment', async () => {
    const { code } = await newLink();
    const sent = Array.from({ length: 5 }, () => nobody().send('/portal', { code }));
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([303, 401, 401, 401, 401]);
  });

  it('A code expires after 15 minutes', async () => {
    const { code } = await newLink();
    api.clock.advance(901);
    const { status, body } = await nobody().send('/portal', { code });
    expect(status).toBe(401);
    expect(body).toContain('works once, within 15 minutes');
  });

  it('A spent link leads the same person to the portal, and nobody else', async () => {
    const { code } = await newLink();
    const user = browse(api, cookieOf(await nobody().send('/portal', { code })));
    expect((await user.send('/portal', { code })).headers['location']).toBe('/portal/seats');
    expect((await user.open('/portal/seats')).status).toBe(200);
    const stranger = await sessionFor(tenant, { customer_id: (await tenant.order(1)).customer_id });
    expect((await browse(api, stranger).send('/portal', { code })).status).toBe(401);
  });

  it.each(['', 'nonsense', 'seat_cpc_nonsense'])('The invalid code %j is a 401', async (code) => {
    const { status, headers, body } = await nobody().send('/portal', { code });
    expect(status).toBe(401);
    expect(headers['set-cookie']).toBeUndefined();
    expect(body).toContain('Your session has expired');
  });

  it('A session token or an access token cannot take the place of the code', async () => {
    for (const code of [token, tenant.token]) {
      expect((await nobody().send('/portal', { code })).status).toBe(401);
    }
    expect((await browse(api, tenant.token).open('/portal/seats')).status).toBe(401);
  });

  it('A form of another site cannot sign in', async () => {
    const { code } = await newLink();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': undefined }]) {
      const form = { code, confirmed: 'yes' };
      expect((await nobody().send('/portal', form, headers)).status).toBe(403);
    }
    expect((await nobody().send('/portal', { code })).status).toBe(303);
  });

  it('The link asks first while somebody else is signed in', async () => {
    const { customer_id } = subscription;
    const member = await newMember(tenant, customer_id, 'owner');
    const link = await newLink({ member_id: member.id });
    const asked = await buyer.send('/portal', { code: link.code });
    expect(asked.status).toBe(200);
    expect(asked.body).toContain('You are signed in as somebody else');
    expect(asked.body).toContain('name="confirmed"');
    expect(asked.headers['set-cookie']).toBeUndefined();
    expect((await buyer.open('/portal/seats')).status).toBe(200);

    const form = { code: link.code, confirmed: 'yes' };
    const cookie = cookieOf(await buyer.send('/portal', form));
    expect(cookie).toMatch(/^seat_mst_/);
    expect((await browse(api, cookie).open('/portal/seats')).body).toContain(member.email);
    // The session that the browser gave up has ended.
    expect((await buyer.open('/portal/seats')).status).toBe(401);
  });

  it('The same person is not asked when they open another link', async () => {
    const { code } = await newLink();
    expect((await buyer.send('/portal', { code })).status).toBe(303);
  });

  it('The code is stored only as a hash', async () => {
    const { code } = await newLink();
    expect(await dumpDatabase(api.database.sql)).not.toContain(code);
  });

  it('The pages link to the return_url', async () => {
    const return_url = 'https://shop.example.com/account?a=1&b=2';
    const { code } = await newLink({ customer_id: subscription.customer_id, return_url });
    const user = browse(api, cookieOf(await nobody().send('/portal', { code })));
    expect((await user.open('/portal/seats')).body).toContain(
      '<a href="https://shop.example.com/account?a=1&amp;b=2" rel="noreferrer">Back to the shop</a>',
    );
  });

  it('A request without a valid session shows a 401 page in the language of the browser', async () => {
    for (const browser of [browse(api, undefined), browse(api, 'seat_cst_x')]) {
      const { status, body } = await browser.open(page, { 'accept-language': 'de-AT' });
      expect(status).toBe(401);
      expect(body).toContain('<html lang="de">');
      expect(body).toContain('Ihr Besuch ist beendet');
    }
    await api.database.sql(`UPDATE customer_sessions SET expires_at = '2020-01-01'`);
    expect((await buyer.open(page)).status).toBe(401);
  });

  it('A link on another site gets a redirect page, so that the browser then sends the cookie', async () => {
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    const { headers } = await browse(api, undefined).open(page, crossSite);
    expect(headers['refresh']).toBe(`0;url=${page}`);
    expect((await browse(api, undefined).open(page)).status).toBe(401);
  });

  it('Signing out ends the session', async () => {
    const answer = await buyer.send('/portal/logout');
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toContain('seat_portal=; Path=/portal; Max-Age=0;');
    expect((await buyer.open('/portal/seats')).status).toBe(401);
  });
});

describe('The pages of the portal', () => {
  it('The overview shows a single purchase at once, and lists several purchases', async () => {
    expect((await buyer.open('/portal/seats')).body).toContain('Invite people');
    const { customer_id, product_id } = subscription;
    const order = await tenant.create('orders', { customer_id, product_id, seats: 2 });
    const { body } = await buyer.open('/portal/seats');
    expect(body).toContain(`href="${page}"`);
    expect(body).toContain(`href="/portal/orders/${order.id}"`);
    expect(body).toContain('0 of 3 seats taken');
    expect(body).toContain('0 of 2 seats taken');
  });

  it('A container’s page shows the state of every invitation', async () => {
    await assignSeat({ invitation_expires_in: 60 });
    await assignSeat({ immediate_claim: true });
    api.clock.advance(61);
    await assignSeat();
    const { body } = await buyer.open(page);
    const states = [...body.matchAll(/<span class="chip (\w+)">/g)].map(([, state]) => state);
    expect(states).toEqual(['pending', 'claimed', 'expired']);
    expect(body).toContain('3 of 3 seats taken');
    expect(body).toContain('All seats are taken.');
  });

  it('The search finds people by a part of the name or the e-mail', async () => {
    const { customer_id } = subscription;
    const member = await newMember(tenant, customer_id, 'member', { name: 'Grace Hopper' });
    await assignSeat({ email: undefined, member_id: member.id });
    const other = await assignSeat();
    for (const q of ['CE ho', member.email.slice(2, 9).toUpperCase()]) {
      const { body } = await buyer.open(`${page}?q=${encodeURIComponent(q)}`);
      expect(body).toContain(member.email);
      expect(body).not.toContain(other.email);
      expect(body).toContain('1 person');
    }
    const wildcards = await buyer.open(`${page}?q=%25_%00`);
    expect(wildcards.body).toContain('Nobody found for');
  });

  it('The pages of a large pool list every person once', async () => {
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
      const { body: html }: PageResponse = await buyer.open(url);
      pages.push([...html.matchAll(/<p class="name">(.*?)</g)].map(([, name = '']) => name));
      url = /href="([^"]*cursor=[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(pages.map((names) => names.length)).toEqual([50, 50, 20]);
    expect(new Set(pages.flat())).toEqual(new Set(seats.map(({ email }) => email)));
  });

  it.each(['2026-02-31T00:00:00.000Z', '9999-99-99T99:99:99.999Z', 'x'])(
    'A cursor with the time %s is a page that does not exist',
    async (time) => {
      const keys = JSON.stringify([time, subscription.id]);
      const cursor = Buffer.from(keys).toString('base64url');
      const { status, body } = await buyer.open(`${page}?cursor=${cursor}`);
      expect(status).toBe(404);
      expect(body).toContain('<h1');
    },
  );

  it('A member sees only their own seats', async () => {
    const seat = await assignSeat();
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

  it('Containers and seats of another buyer are not found', async () => {
    const seat: CustomerSeatDto = await newSeat(tenant);
    const foreign = `/portal/subscriptions/${seat.subscription_id}`;
    const urls = [foreign, `${foreign}/seats/${seat.id}/revoke`, `${page}/seats/${seat.id}/revoke`];
    for (const url of urls) expect((await buyer.open(url)).status).toBe(404);
    const actions = [`${foreign}/invite`, ...urls.slice(1), `${page}/seats/${seat.id}/resend`];
    for (const url of actions) {
      expect((await buyer.send(url, { emails: newEmail() })).status).toBe(404);
    }
    for (const url of [`/portal/subscriptions/${UNKNOWN_ID}`, '/portal/orders/x', '/portal/x/y']) {
      expect((await buyer.open(url)).status).toBe(404);
    }
    const rows = await api.database.sql(
      'SELECT status FROM seats WHERE pool_id = (SELECT pool_id FROM seats WHERE id = $1)',
      [seat.id],
    );
    expect(rows).toEqual([{ status: 'pending' }]);
  });

  it('A buyer gets a 403 page while the organization has disabled seats', async () => {
    await setOrganization(api, tenant, { seats_enabled: false });
    for (const url of ['/portal/seats', page]) {
      const { status, body } = await buyer.open(url);
      expect(status).toBe(403);
      expect(body).toContain('Seats cannot be managed right now');
    }
  });

  it.each([
    ['de', 'Personen einladen'],
    ['fr', 'Inviter des personnes'],
    ['es-MX', 'Invitar a personas'],
    ['xx', 'Invite people'],
  ])('The pages use the organization’s locale %s', async (locale, text) => {
    await setOrganization(api, tenant, { locale });
    expect((await buyer.open(page)).body).toContain(text);
  });
});

describe('The actions of the portal', () => {
  it('The invitation form shows the result for every e-mail', async () => {
    const { email } = await assignSeat();
    const emails = `${email}, new-1@example.com\nNobody; new-2@example.com new-3@example.com`;
    const response = await buyer.send(`${page}/invite`, { emails });
    expect(response.status).toBe(200);
    expect(noticeOf(response)).toBe('2 of 5 invited');
    const items = response.body.matchAll(/<li><span>(.*?)<\/span><span class="chip \w+">(.*?)</g);
    expect([...items].map(([, invited, result]) => `${invited}: ${result}`)).toEqual([
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

  it('Invalid words and e-mails beyond the limit stay in the form', async () => {
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

  it('A form with a body over the limit is a 413', async () => {
    const emails = 'ada@example.com '.repeat(6_500);
    expect((await buyer.send(`${page}/invite`, { emails })).status).toBe(413);
  });

  it('A form without e-mails asks for at least one', async () => {
    for (const form of [{}, { emails: ' ,' }] as Record<string, string>[]) {
      const response = await buyer.send(`${page}/invite`, form);
      expect(noticeOf(response)).toBe('Please enter at least one e-mail address.');
    }
  });

  it('An invitation can be resent, but not twice within a minute', async () => {
    const { id, email } = await assignSeat();
    const resend = () => buyer.send(`${page}/seats/${id}/resend`);
    expect(noticeOf(await resend())).toContain(`on its way to ${email}`);
    expect(noticeOf(await resend())).toMatch(/Try again in \d+ seconds\./);
  });

  it('The invitation of a claimed seat cannot be resent', async () => {
    const { id } = await assignSeat({ immediate_claim: true });
    const response = await buyer.send(`${page}/seats/${id}/resend`);
    expect(noticeOf(response)).toBe('Only the invitation of a pending seat can be sent again.');
  });

  it('A seat is revoked after a confirmation, with the session as the actor', async () => {
    const { id, email } = await assignSeat({ immediate_claim: true });
    const url = `${page}/seats/${id}/revoke`;
    const confirmation = await buyer.open(url);
    expect(confirmation.body).toContain(`${email} can no longer use Pro`);
    expect((await buyer.open(page)).body).toContain(email);
    const revoked = await buyer.send(url);
    expect(noticeOf(revoked)).toBe(`The seat of ${email} is free again.`);
    expect(revoked.body).toContain('0 of 3 seats taken');
    for (const again of [await buyer.open(url), await buyer.send(url)]) {
      expect(noticeOf(again)).toBe('This seat has been revoked already.');
    }
    const [event] = await api.database.sql(
      `SELECT actor_type FROM events WHERE seat_id = $1 AND type = 'customer_seat.revoked'`,
      [id],
    );
    expect(event).toEqual({ actor_type: 'session' });
  });

  it('A GET of the URL of a form redirects to the container’s page', async () => {
    const answer = await buyer.open(`${page}/invite`);
    expect([answer.status, answer.headers['location']]).toEqual([303, page]);
  });
});

describe('The security of the portal', () => {
  it.each<[string, Record<string, string | undefined>, number]>([
    ['a page of this server', { 'sec-fetch-site': 'same-origin' }, 200],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another subdomain', { 'sec-fetch-site': 'same-site' }, 403],
    [
      'the service’s origin in an older browser',
      { 'sec-fetch-site': undefined, origin: 'http://localhost:3000' },
      200,
    ],
    [
      'the host of the request in an older browser',
      { 'sec-fetch-site': undefined, origin: 'http://seats.test', host: 'seats.test' },
      200,
    ],
    [
      'another origin in an older browser',
      { 'sec-fetch-site': undefined, origin: 'https://evil.example' },
      403,
    ],
    ['a hidden origin', { 'sec-fetch-site': undefined, origin: 'null' }, 403],
    ['a client without origin headers', { 'sec-fetch-site': undefined }, 403],
  ])('A POST from %s (%j) is answered with %d', async (_, headers, status) => {
    const { id } = await assignSeat();
    const forms = [`${page}/seats/${id}/resend`, `${page}/invite`, `${page}/seats/${id}/revoke`];
    for (const url of forms) {
      expect((await buyer.send(url, { emails: newEmail() }, headers)).status).toBe(status);
    }
    const [seat] = await api.database.sql('SELECT status FROM seats WHERE id = $1', [id]);
    expect(seat).toEqual({ status: status === 200 ? 'revoked' : 'pending' });
  });

  it('Names, e-mails and searches are escaped', async () => {
    await setOrganization(api, tenant, { name: HOSTILE });
    await api.database.sql('UPDATE products SET name = $2 WHERE organization_id = $1', [
      tenant.id,
      HOSTILE,
    ]);
    const name = { name: HOSTILE };
    const member = await newMember(tenant, subscription.customer_id, 'member', name);
    const seat = await assignSeat({ email: undefined, member_id: member.id });
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

  it('No page contains a token', async () => {
    const { id } = await assignSeat();
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

  it('The content security policy allows only the page’s own script and styles, and the logo', async () => {
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

describe('The settings of the portal', () => {
  it('The cookie is Secure if the service uses https', async () => {
    const secure = await startApp({ PUBLIC_URL: 'https://seats.example.com' });
    try {
      const seller = await secure.tenant();
      const { customer_id } = await seller.subscription(1);
      const { code } = await linkFor(seller, { customer_id });
      const { headers } = await browse(secure, undefined).send('/portal', { code });
      expect(headers['set-cookie']).toMatch(/; SameSite=Strict; Secure$/);
    } finally {
      await secure.close();
    }
  });

  it('A client over the rate limit gets a 429 page', async () => {
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
});
