import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startApp, type TestApp } from '../support/app.js';
import { startBrowser } from '../support/browser.js';
import { describeWith } from '../support/programs.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SCREENSHOTS = join(import.meta.dirname, '../../node_modules/.cache/screenshots');

/** The part of the report of axe that the test reads. */
interface Report {
  violations: { id: string; nodes: { html: string }[] }[];
}

describeWith('chromium', 'the page of errors in a browser', (chromium) => {
  let api: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    api = await startApp();
    await api.app.listen(0, '127.0.0.1');
    browser = await startBrowser(chromium);
    await mkdir(SCREENSHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('is readable in %s colors at a width of %d', async (colorScheme, width) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 844 } });
    const page = await context.newPage();
    const failures: string[] = [];
    page.on('console', (message) => failures.push(message.text()));
    const { port } = api.app.getHttpServer().address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/docs/errors#SeatNotAvailable`);
    expect(await page.locator(':target h2').innerText()).toBe('SeatNotAvailable');
    expect(await page.locator(':target h2').boundingBox()).toMatchObject({ y: expect.any(Number) });
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBe(0);
    const axe = await readFile(AXE, 'utf8');
    const { violations } = await page.evaluate<Report>(`${axe}; axe.run()`);
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    expect(failures).toEqual([]);
    await page.screenshot({ path: join(SCREENSHOTS, `errors-${width}-${colorScheme}.png`) });
    await page.goto(`http://127.0.0.1:${port}/docs/errors`);
    await page.screenshot({ path: join(SCREENSHOTS, `errors-${width}-${colorScheme}-top.png`) });
    await context.close();
  });
});
