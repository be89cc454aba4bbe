import { type Browser, chromium } from 'playwright-core';

/** A real browser without a window. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  // Chromium refuses its sandbox to root, as which containers run tests.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
