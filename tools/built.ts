/* The service uses decorators, which Node cannot run from TypeScript. So tools load it from dist. */

/** Imports a module of the build by its path below dist. The type is that of its source. */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(new URL(`../dist/${path}`, import.meta.url).href)) as Module;
}
