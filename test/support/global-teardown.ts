/** Stops the PostgreSQL of the run and removes its data; global-setup left us how. */
export default async function teardown(): Promise<void> {
  await globalThis.stopTestPostgres?.();
}
