import { run } from './boot/run.js';

await run();
