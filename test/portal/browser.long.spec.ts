import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/browser.js';
import { describeWith } from '../support/programs.js';
import { newMember, sessionFor, tryOpen } from './fixtures.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe says of a page, as far as it is read here. */
interface Report {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describeWith('chromium', 'the portal in a browser', (chromium) => {
  let api: TestApp;
  let tenant: Tenant;
  let subscription: any;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let base: string;
  let axe: string;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://localhost:${port}`;
    api = await startApp({ PUBLIC_URL: base });
    await api.app.listen(port, '127.0.0.1');
    tenant = await api.tenant();
    axe = await readFile(AXE, 'utf8');
    browser = await startBrowser(chromium);
  }, 60_000);
  beforeEach(async () => {
    subscription = await tenant.subscription(25);
  });
  afterEach(() => context?.close());
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });

  /** Opens the portal by a session's link, as the buyer of the subscription unless said otherwise. */
  async function enter(options: object = {}, who?: object): Promise<void> {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const body = who ?? { customer_id: subscription.customer_id };
    await page.goto((await tryOpen(tenant, body)).body.customer_portal_url);
    await page.waitForURL('**/portal/seats');
  }

  /** The serious faults that axe finds on the page. */
  async function faults(): Promise<string[]> {
    const { violations } = await page.evaluate<Report>(`${axe}; axe.run()`);
    return violations
      .filter(({ impact }) => ['serious', 'critical'].includes(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  const button = (name: RegExp | string) => page.getByRole('button', { name });
  const link = (name: RegExp | string) => page.getByRole('link', { name });
  const people = () => page.locator('.people .name').allInnerTexts();
  const notice = () => page.locator('.notice');

  it.each([
    ['with a script', true, 'light', 1280],
    ['without a script', false, 'dark', 390],
  ] as const)(
    'invites a pasted list, resends, finds and revokes: %s',
    async (_, javaScriptEnabled, colorScheme, width) => {
      await enter({ javaScriptEnabled, colorScheme, viewport: { width, height: 800 } });
      const list = 'Ada <ada@example.com>, grace@example.com\nalan@example.com nonsense';
      await page.getByLabel('E-mail addresses').fill(list);
      await button('Send invitations').click();
      expect(await notice().innerText()).toContain('3 of 4 invited');
      expect(await notice().innerText()).toContain('nonsense\nNot an e-mail address');
      expect((await people()).sort()).toEqual(
        ['ada', 'alan', 'grace'].map((name) => `${name}@example.com`),
      );
      expect(await page.locator('textarea').inputValue()).toBe('nonsense');

      await button('Resend the invitation to ada@example.com').click();
      expect(await notice().innerText()).toContain('on its way to ada@example.com');

      await page.getByRole('searchbox').fill('GRA');
      if (!javaScriptEnabled) await button('Find').click();
      await page.getByText('1 person', { exact: true }).waitFor();
      expect(await people()).toEqual(['grace@example.com']);
      expect(page.url()).toMatch(/\?q=GRA$/);

      await link('Revoke the seat of grace@example.com').click();
      await link('Keep it').click();
      await link('Revoke the seat of grace@example.com').click();
      await button('Revoke the seat').click();
      expect(await notice().innerText()).toBe('The seat of grace@example.com is free again.');
      expect(await people()).toHaveLength(2);
      expect(await page.locator('.fill').innerText()).toContain('2 of 25 seats taken');
    },
    60_000,
  );

  it('keeps the token out of the address and of the history', async () => {
    await enter();
    await page.goBack().catch(() => undefined);
    expect(page.url()).not.toContain('token');
    expect(await context.cookies()).toMatchObject([
      { name: 'seat_portal', httpOnly: true, sameSite: 'Strict', path: '/portal' },
    ]);
  });

  it('opens from a link on another site, the first time and later', async () => {
    await enter();
    const elsewhere = base.replace('localhost', '127.0.0.1');
    for (const path of ['/portal', `/portal/subscriptions/${subscription.id}`]) {
      await page.goto(`${elsewhere}/health/live`);
      await page.evaluate(
        `const a = document.createElement('a'); a.href = '${base}${path}'; document.body.append(a); a.click()`,
      );
      await button('Send invitations').waitFor();
    }
  });

  it('does not send a form again when the page is loaded again', async () => {
    await enter();
    await page.getByLabel('E-mail addresses').fill('ada@example.com');
    await button('Send invitations').click();
    await notice().waitFor();
    await page.reload();
    expect(await notice().count()).toBe(0);
    expect(await people()).toEqual(['ada@example.com']);
  });

  it('leads those who use the keyboard to what came of it', async () => {
    await enter();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.getByLabel('E-mail addresses').focus();
    await page.keyboard.type('ada@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await notice().waitFor();
    expect(await page.evaluate('document.activeElement.className')).toContain('notice');
  });

  it.each(['light', 'dark'] as const)(
    'has no serious fault that axe finds: %s',
    async (colorScheme) => {
      const { id, customer_id, product_id } = subscription;
      const member = await newMember(tenant, customer_id, 'member', { name: 'Ada Lovelace' });
      const ada = await assign(tenant, {
        ...{ subscription_id: id, member_id: member.id, immediate_claim: true },
      });
      await assign(tenant, { subscription_id: id, email: newEmail() });
      await assign(tenant, { subscription_id: id, email: newEmail(), invitation_expires_in: 60 });
      api.clock.advance(61);
      const order = await tenant.create('orders', { customer_id, product_id, seats: 1 });
      await enter({ colorScheme });
      const found: Record<string, string[]> = {};
      const look = async (name: string) => {
        found[name] = await faults();
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (overflow !== 0) found[name].push('wider than the window');
      };
      await look('overview');
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${base}/portal/subscriptions/${id}`);
        await look(`people at ${width}`);
        const many = Array.from({ length: 12 }, (_, n) => `${width}-${n}@example.com`);
        await page.getByLabel('E-mail addresses').fill([...many, 'nonsense'].join(' '));
        await button('Send invitations').click();
        await look(`results at ${width}`);
      }
      await page.goto(`${base}/portal/subscriptions/${id}/seats/${ada.id}/revoke`);
      await look('question');
      await assign(tenant, { order_id: order.id, email: newEmail() });
      await page.goto(`${base}/portal/orders/${order.id}?q=nobody`);
      await look('full, nobody found');
      await page.goto(`${base}/portal/orders/${id}`);
      await look('nothing there');
      await context.close();
      await enter({ colorScheme }, { member_id: member.id });
      await look('member');
      await button('Sign out').click();
      await look('signed out');
      await page.goto(`${base}/portal/seats`);
      await look('no session');
      expect(Object.entries(found).filter(([, faults]) => faults.length > 0)).toEqual([]);
      expect(Object.keys(found)).toHaveLength(11);
    },
    120_000,
  );

  it('asks nobody but its own server, and breaks no rule of its policy', async () => {
    const asked: string[] = [];
    const complaints: string[] = [];
    const token = await sessionFor(tenant, { customer_id: subscription.customer_id });
    context = await browser.newContext();
    page = await context.newPage();
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(`${base}/portal?token=${token}`);
    await page.waitForURL('**/portal/seats');
    await page.getByLabel('E-mail addresses').fill('ada@example.com');
    await button('Send invitations').click();
    await page.getByRole('searchbox').fill('nobody');
    await page.getByText('Nobody found').waitFor();
    expect(new Set(asked)).toEqual(new Set([base]));
    expect(complaints).toEqual([]);
  });
});

/** A port that nobody listens on; the links that the service writes must name it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
