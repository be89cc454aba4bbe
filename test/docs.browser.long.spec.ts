import type { Demo } from '../src/demo/demo.service.js';
import type { Browser, Page } from 'playwright-core';
import { createLogger } from '../src/platform/logger.js';
import { type Server, startServer } from '../src/boot/server.js';
import { testSettings } from './support/app.js';
import { startBrowser } from './support/browser.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { describeWith } from './support/programs.js';

describeWith('chromium', 'the docs page in a browser', (chromium) => {
  let database: TestDatabase;
  let server: Server;
  let browser: Browser;
  let page: Page;
  const failures: string[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    const env = { DATABASE_URL: database.url, PORT: '0', DEMO: 'true' };
    server = await startServer(testSettings(env), createLogger('silent'));
    browser = await startBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.settings.publicUrl)) failures.push(request.url());
    });
    await page.goto(`${server.settings.publicUrl}/docs`);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await database?.drop();
  });

  const button = (name: string | RegExp, within: Page | ReturnType<Page['locator']> = page) =>
    within.getByRole('button', { name }).first();

  it('loads without errors and without requests to other hosts', async () => {
    await page.locator('.opblock').first().waitFor();
    expect(await page.locator('.opblock-summary-path').first().innerText()).toContain(
      '/v1/customer-seats',
    );
    expect(failures).toEqual([]);
  });

  it('lets a reader authorize and assign a seat with the example body', async () => {
    const { token } = server.demo as Demo;
    await button('Authorize').click();
    const dialog = page.locator('.auth-container').first();
    await dialog.locator('input').fill(token);
    await button('Apply credentials', dialog).click();
    await button('Close').click();

    const route = page.locator('.opblock', {
      has: page.getByText('Assign a seat', { exact: true }),
    });
    await route.locator('.opblock-summary-control').click();
    await button('Try it out', route).click();
    await button('Execute', route).click();

    const answer = route.locator('.live-responses-table');
    expect(await answer.locator('tbody .response-col_status').innerText()).toMatch(/^200/);
    expect(await answer.innerText()).toContain('"status": "pending"');
    const seats = await database.sql(`SELECT id FROM seats WHERE email = 'ada@example.com'`);
    expect(seats).toHaveLength(1);
    expect(failures).toEqual([]);
  });
});
