import { Injectable } from '@nestjs/common';

/**
 * Whether this process is about to close its port. From then on readiness fails and each response
 * closes its connection, so that load balancers and clients move to another process.
 */
@Injectable()
export class Draining {
  private started = false;

  get active(): boolean {
    return this.started;
  }

  start(): void {
    this.started = true;
  }
}
