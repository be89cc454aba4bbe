/** Stops the PostgreSQL that global-setup.ts started, and removes its data. */
export default async function teardown(): Promise<void> {
  await globalThis.stopTestPostgres?.();
}
