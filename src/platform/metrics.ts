import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';
import { SharedResult } from './shared-result.js';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

// Prometheus asks every few seconds. Writing the text takes several milliseconds.
const SHARED_MS = 1_000;
// A client can send any of the 35 methods that the server parses.
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The metrics that `/metrics` shows in Prometheus' text format. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private readonly shared: SharedResult<string>;

  private readonly requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    // Keep these few: every combination of route and status gets its own set of buckets.
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5],
    registers: [this.registry],
  });

  constructor(clock: Clock) {
    collectDefaultMetrics({ register: this.registry });
    this.shared = new SharedResult(() => this.registry.metrics(), SHARED_MS, clock);
  }

  /** All metrics as text. Calls within one second share the same text. */
  text(): Promise<string> {
    return this.shared.get();
  }

  /** Counts one request by its route pattern, with its duration in seconds. */
  observe(method: string, route: string, status: number, seconds: number): void {
    const label = METHODS.includes(method) ? method : 'OTHER';
    this.requests.observe({ method: label, route, status }, seconds);
  }
}
