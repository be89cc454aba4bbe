import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import type { Server } from '../src/boot/server.js';
import { built } from './built.ts';
import { openEmbeddedDatabase } from './embedded-postgres/open-database.ts';
import { ensureBuild } from './ensure-build.ts';

/*
 * `npm run pictures` takes the pictures of README from a fresh demo. It needs Chromium, whose path can
 * be given in CHROMIUM.
 */

const FOLDER = join(import.meta.dirname, '../docs/images');

/** Starts a service whose database is in `dataDir`. */
async function startDemo(dataDir: string): Promise<Server> {
  const { startServer } = await built<typeof import('../src/boot/server.js')>('boot/server.js');
  const { readSettings } =
    await built<typeof import('../src/platform/settings.js')>('platform/settings.js');
  const { createLogger } =
    await built<typeof import('../src/platform/logger.js')>('platform/logger.js');
  const settings = readSettings({ DATA_DIR: dataDir, PORT: '0' });
  return startServer(settings, createLogger('warn'), openEmbeddedDatabase);
}

async function takePictures(browser: Browser, { settings, demo }: Server): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 760 } });
  const take = async (name: string, url: string) => {
    await page.goto(url, { waitUntil: 'networkidle' });
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  };
  await take('docs', `${settings.publicUrl}/docs`);
  // The link signs in. The page with the people is one click further.
  await page.goto(demo?.portal_url ?? '', { waitUntil: 'networkidle' });
  await take('portal', `${settings.publicUrl}/portal/subscriptions/${demo?.subscription_id}`);
}

await ensureBuild();
const dataDir = await mkdtemp(join(tmpdir(), 'seats-pictures-'));
const server = await startDemo(dataDir);
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
// Containers run this as root, and Chromium's sandbox does not work for root.
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  await takePictures(browser, server);
} finally {
  await browser.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
