import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { SubscriptionDto } from '../../src/purchases/subscriptions/subscriptions.dto.js';
import type { CustomerSeatDto } from '../../src/seats/seats.dto.js';
import { assign, newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/browser.js';
import { describeWith } from '../support/programs.js';
import { linkFor, newMember, tryOpen } from './fixtures.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The part of the report of axe that the tests read. */
interface Report {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describeWith('chromium', 'The portal in a browser', (chromium) => {
  let api: TestApp;
  let tenant: Tenant;
  let subscription: SubscriptionDto;
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

  /** Opens the link to the portal. The default is a session of the subscription's buyer. */
  async function signIn(options: BrowserContextOptions = {}, session?: object): Promise<void> {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    const body = session ?? { customer_id: subscription.customer_id };
    await page.goto((await tryOpen(tenant, body)).body.customer_portal_url);
    if (options.javaScriptEnabled === false) await button('Continue').click();
    await page.waitForURL(/\/portal\/(seats|subscriptions|orders)/);
  }

  /** The serious violations that axe finds on the page. */
  async function seriousViolations(): Promise<string[]> {
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
    ['with JavaScript', true, 'light', 1280],
    ['without JavaScript', false, 'dark', 390],
  ] as const)(
    'A buyer can invite, resend, search and revoke %s',
    async (_, javaScriptEnabled, colorScheme, width) => {
      await signIn({ javaScriptEnabled, colorScheme, viewport: { width, height: 800 } });
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
      expect(await page.locator('.usage').innerText()).toContain('2 of 25 seats taken');
    },
    60_000,
  );

  it('The URL and the history do not contain the code', async () => {
    await signIn();
    expect(page.url()).not.toContain('code');
    await page.goBack().catch(() => undefined);
    expect(page.url()).not.toContain('code');
    expect(await context.cookies()).toMatchObject([
      { name: 'seat_portal', httpOnly: true, sameSite: 'Strict', path: '/portal' },
    ]);
  });

  it('A link on another site asks before it replaces the person who is signed in', async () => {
    await signIn();
    const member = await newMember(tenant, subscription.customer_id, 'owner');
    const { path } = await linkFor(tenant, { member_id: member.id });
    await page.goto(`${base.replace('localhost', '127.0.0.1')}/health/live`);
    await page.evaluate(
      `const a = document.createElement('a'); a.href = '${base}${path}'; document.body.append(a); a.click()`,
    );
    await button('Continue with the link').waitFor();
    expect(await seriousViolations()).toEqual([]);
    await button('Continue with the link').click();
    await page.getByText(member.email).first().waitFor();
  });

  it('A link on another site opens the portal with and without a cookie', async () => {
    await signIn();
    const otherSite = base.replace('localhost', '127.0.0.1');
    for (const path of ['/portal', `/portal/subscriptions/${subscription.id}`]) {
      await page.goto(`${otherSite}/health/live`);
      await page.evaluate(
        `const a = document.createElement('a'); a.href = '${base}${path}'; document.body.append(a); a.click()`,
      );
      await button('Send invitations').waitFor();
    }
  });

  it('A reload does not send a form again', async () => {
    await signIn();
    await page.getByLabel('E-mail addresses').fill('ada@example.com');
    await button('Send invitations').click();
    await notice().waitFor();
    await page.reload();
    expect(await notice().count()).toBe(0);
    expect(await people()).toEqual(['ada@example.com']);
  });

  it('A form that was sent with the keyboard moves the focus to the notice', async () => {
    await signIn();
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
    'No page has a serious accessibility violation in %s mode',
    async (colorScheme) => {
      const { id, customer_id, product_id } = subscription;
      const member = await newMember(tenant, customer_id, 'member', { name: 'Ada Lovelace' });
      const ada: CustomerSeatDto = await assign(tenant, {
        ...{ subscription_id: id, member_id: member.id, immediate_claim: true },
      });
      await assign(tenant, { subscription_id: id, email: newEmail() });
      await assign(tenant, { subscription_id: id, email: newEmail(), invitation_expires_in: 60 });
      api.clock.advance(61);
      const order = await tenant.create('orders', { customer_id, product_id, seats: 1 });
      await signIn({ colorScheme });
      const violations: Record<string, string[]> = {};
      const check = async (name: string) => {
        violations[name] = await seriousViolations();
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        if (overflow !== 0) violations[name].push('wider than the window');
      };
      await check('overview');
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${base}/portal/subscriptions/${id}`);
        await check(`people at ${width}`);
        const many = Array.from({ length: 12 }, (_, n) => `${width}-${n}@example.com`);
        await page.getByLabel('E-mail addresses').fill([...many, 'nonsense'].join(' '));
        await button('Send invitations').click();
        await check(`results at ${width}`);
      }
      await page.goto(`${base}/portal/subscriptions/${id}/seats/${ada.id}/revoke`);
      await check('confirmation');
      await assign(tenant, { order_id: order.id, email: newEmail() });
      await page.goto(`${base}/portal/orders/${order.id}?q=nobody`);
      await check('full pool, search without results');
      await page.goto(`${base}/portal/orders/${id}`);
      await check('not found');
      await context.close();
      await signIn({ colorScheme }, { member_id: member.id });
      await check('member');
      await button('Sign out').click();
      await check('signed out');
      await page.goto(`${base}/portal/seats`);
      await check('no session');
      expect(Object.entries(violations).filter(([, each]) => each.length > 0)).toEqual([]);
      expect(Object.keys(violations)).toHaveLength(11);
    },
    120_000,
  );

  it('The pages load nothing from other servers and do not violate their content security policy', async () => {
    const origins: string[] = [];
    const consoleMessages: string[] = [];
    const { path } = await linkFor(tenant, { customer_id: subscription.customer_id });
    context = await browser.newContext();
    page = await context.newPage();
    page.on('request', (request) => origins.push(new URL(request.url()).origin));
    page.on('console', (message) => consoleMessages.push(message.text()));
    await page.goto(base + path);
    await page.waitForURL(/\/portal\/(seats|subscriptions|orders)/);
    await page.getByLabel('E-mail addresses').fill('ada@example.com');
    await button('Send invitations').click();
    await page.getByRole('searchbox').fill('nobody');
    await page.getByText('Nobody found').waitFor();
    expect(new Set(origins)).toEqual(new Set([base]));
    expect(consoleMessages).toEqual([]);
  });
});

/** A free port. It must be known before the start, because the links of the service contain it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
