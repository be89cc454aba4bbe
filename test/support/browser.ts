import { type Browser, chromium } from 'playwright-core';

/** Starts a headless Chromium. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  // Containers run tests as root, and Chromium's sandbox does not work for root.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
