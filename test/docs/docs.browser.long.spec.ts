import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { type Server, startServer } from '../../src/boot/server.js';
import type { Demo } from '../../src/demo/demo.service.js';
import { createLogger } from '../../src/platform/logger.js';
import { testSettings } from '../support/app.js';
import { startBrowser } from '../support/browser.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { ROOT } from '../support/guides.js';
import { describeWith } from '../support/programs.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SCREENSHOTS = join(ROOT, 'node_modules/.cache/screenshots');

interface Operation {
  tags: string[];
  summary: string;
  responses: Record<string, unknown>;
}

describeWith('chromium', 'the docs in a browser', (chromium) => {
  let database: TestDatabase;
  let server: Server;
  let browser: Browser;
  let page: Page;
  let failures: string[];

  const start = (env: Record<string, string>) =>
    startServer(
      testSettings({ DATABASE_URL: database.url, PORT: '0', ...env }),
      createLogger('silent'),
    );

  beforeAll(async () => {
    database = await testDatabase();
    server = await start({ DEMO: 'true' });
    browser = await startBrowser(chromium);
    await mkdir(SCREENSHOTS, { recursive: true });
  }, 60_000);
  afterEach(async () => {
    await page?.context().close();
    expect(failures).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await database?.drop();
  });

  /** Opens a page. Errors on it, and requests to other hosts, fail the test. */
  async function open(path: string, width = 1280, { settings } = server): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    page = await context.newPage();
    failures = [];
    page.on('console', (message) => {
      // Swagger UI also reports a response that is an error.
      if (message.type() === 'error') failures.push(message.text());
    });
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(settings.publicUrl)) failures.push(request.url());
    });
    await page.goto(settings.publicUrl + path);
    if (path === '/docs') await operations().first().waitFor();
  }

  const operations = () => page.locator('.opblock:visible');
  const button = (name: string | RegExp, within: Page | Locator = page) =>
    within.getByRole('button', { name, exact: true }).first();
  const authorize = () => page.locator('.bar .authorize').first();
  const summaries = () => page.locator('.opblock-summary-description:visible').allInnerTexts();

  async function readOperations(): Promise<Operation[]> {
    const response = await fetch(`${server.settings.publicUrl}/docs/openapi.json`);
    const { paths } = (await response.json()) as {
      paths: Record<string, Record<string, Operation>>;
    };
    return Object.values(paths).flatMap((path) => Object.values(path));
  }

  it('The page shows the seat routes, with the other groups and the schemas folded', async () => {
    await open('/docs');
    const routes = (await readOperations()).filter(({ tags }) => tags[0] === 'Customer seats');
    expect((await summaries()).sort()).toEqual(routes.map(({ summary }) => summary).sort());
    expect(await page.locator('.opblock-tag').count()).toBeGreaterThan(10);
    await button('post /v1/customer-seats').click();
    // The descriptions of the keys show without a click.
    await page.getByText('The id of the subscription.').first().waitFor();
  });

  it.each([
    ['a path', '/bulk-revoke', 'Revoke many seats'],
    [
      'words of a summary in a folded group',
      'create webhook endpoint',
      'Create a webhook endpoint',
    ],
  ])('The search finds %s', async (_, phrase, summary) => {
    await open('/docs');
    await page.getByRole('searchbox').fill(phrase);
    await page
      .locator('.opblock-summary-description:visible', { hasText: new RegExp(`^${summary}$`) })
      .first()
      .waitFor();
    expect((await summaries()).length).toBeLessThan(6);
  });

  it('In the demo, the first example of each seat route works at the first click', async () => {
    await open('/docs');
    await page.locator('.bar .authorize.locked').waitFor();
    const routes = (await readOperations()).filter(({ tags }) => tags[0] === 'Customer seats');
    const results: string[] = [];
    for (const { summary, responses } of routes) {
      const route = page.locator('.opblock', { has: page.getByText(summary, { exact: true }) });
      // A stream does not end.
      if (JSON.stringify(responses).includes('text/event-stream')) continue;
      await route.first().locator('.opblock-summary-control').click();
      await button('Try it out', route).click();
      await button('Execute', route).click();
      const status = route.locator('.live-responses-table tbody .response-col_status').first();
      const code = (await status.innerText()).slice(0, 3);
      results.push(`${summary}: ${code in responses && code < '300' ? '2xx' : code}`);
      await route.first().locator('.opblock-summary-control').click();
    }
    expect(results.filter((result) => !result.endsWith('2xx'))).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(10);
  }, 240_000);

  it('Elsewhere, a token that was entered stays over a reload, and on a phone', async () => {
    const other = await start({ DEMO: 'false' });
    try {
      await open('/docs', 390, other);
      expect(await page.locator('.bar .authorize.locked').count()).toBe(0);
      await authorize().click();
      const form = page.locator('.auth-container').first();
      await form.locator('input').fill((server.demo as Demo).token);
      await button('Apply credentials', form).click();
      await page.reload();
      await page.locator('.bar .authorize.locked').waitFor();
    } finally {
      await other.stop();
    }
  });

  it.each([
    ['light', 1280, '/docs/guides/life-of-a-seat'],
    ['dark', 390, '/docs/guides/life-of-a-seat'],
    ['light', 390, '/docs/guides/webhooks'],
    ['dark', 1280, '/docs/guides'],
    ['light', 390, '/docs/readme'],
  ] as const)(
    'A page of the guides is accessible (%s, %i): %s',
    async (colorScheme, width, path) => {
      await open(path, width);
      await page.emulateMedia({ colorScheme });
      const name = `docs${path.replaceAll('/', '-').slice(5)}-${colorScheme}-${width}.png`;
      await page.screenshot({ path: join(SCREENSHOTS, name), fullPage: true });
      const { violations } = await page.evaluate<{
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      }>(`${await readFile(AXE, 'utf8')}; axe.run()`);
      const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
      expect(serious.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
      // Only code and tables scroll sideways.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    },
  );
});
