import type { Logger } from '../platform/logger.js';

interface Step {
  name: string;
  run: () => Promise<void> | void;
}

/** Stops the parts of the process in the reverse order of their start. */
export class Shutdown {
  private readonly steps: Step[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly logger: Logger) {}

  /** @param name the name of the step in the log, for when it fails. */
  add(name: string, run: Step['run']): void {
    this.steps.push({ name, run });
  }

  /**
   * Runs every step. A failed step is logged, and the next steps still run. Otherwise a part that is
   * not stopped, such as the embedded database, would outlive the process. A second call waits for
   * the first.
   * @throws {Error} after the last step, if any step failed.
   */
  run(): Promise<void> {
    this.running ??= this.runAll();
    return this.running;
  }

  private async runAll(): Promise<void> {
    const failed: string[] = [];
    for (const { name, run } of this.steps.toReversed()) {
      try {
        await run();
      } catch (error) {
        failed.push(name);
        this.logger.error({ err: error, step: name }, 'a step of the shutdown failed');
      }
    }
    if (failed.length > 0) throw new Error(`could not be stopped: ${failed.join(', ')}`);
  }
}
