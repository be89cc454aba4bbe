import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Beside the compiled files, so that a build removes it. In a directory that cannot be written the
// service starts without the cache.
enableCompileCache(join(import.meta.dirname, '.compile-cache'));
const { run } = await import('./boot/run.js');
await run();
