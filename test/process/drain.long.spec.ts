import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/process.js';
import { ensureBuild, ServiceProcess } from '../support/processes.js';

let database: TestDatabase;

beforeAll(async () => {
  ensureBuild();
  database = await testDatabase();
}, 120_000);
afterAll(() => database.drop());

const env = (more: Record<string, string> = {}) => ({
  DATABASE_URL: database.url,
  APP_ROLE: 'api',
  RATE_LIMIT_PUBLIC: '0',
  ...more,
});

/** A proxy that keeps connections, asks for readiness, and never repeats a request. */
class Proxy {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly ready = new Set<number>();
  private readonly checking: NodeJS.Timeout;
  private turn = 0;
  server: Server;

  constructor(private readonly ports: number[]) {
    this.server = createServer((incoming, outgoing) => {
      const ports = [...this.ready];
      const port = ports[(this.turn += 1) % ports.length];
      const { method, url: path, headers } = incoming;
      const onward = request({ port, method, path, headers, agent: this.agent, host: '127.0.0.1' });
      onward.on('response', (answer) => {
        // A hop-by-hop header: it is about the connection between the proxy and the service.
        const { connection: _connection, ...rest } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 500, rest);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.writeHead(502).end());
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    this.checking = setInterval(() => void this.check(), 200);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when every process is in the rotation. */
  async waitForAll(): Promise<void> {
    while (this.ready.size < this.ports.length) await sleep(50);
  }

  close(): void {
    clearInterval(this.checking);
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }

  private async check(): Promise<void> {
    for (const port of this.ports) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
      if (answer?.ok) this.ready.add(port);
      else this.ready.delete(port);
    }
  }
}

describe('a rolling restart', () => {
  it('of two processes behind a proxy fails no request', async () => {
    const ports = [await freePort(), await freePort()];
    const start = (port: number | undefined) =>
      ServiceProcess.start(env({ PORT: String(port), SHUTDOWN_DELAY: '5' }));
    const services = [await start(ports[0]), await start(ports[1])];
    const proxy = new Proxy(ports);
    await once(proxy.server, 'listening');
    await proxy.waitForAll();
    const statuses: number[] = [];
    let loading = true;
    const load = Array.from({ length: 8 }, async () => {
      while (loading) {
        const answer = await fetch(`${proxy.url}/v1/customer-seats/claim/${'a'.repeat(43)}`);
        await answer.text();
        statuses.push(answer.status);
      }
    });
    for (const index of [0, 1]) {
      expect(await services[index]?.stop()).toMatchObject({ code: 0 });
      services[index] = await start(ports[index]);
      await proxy.waitForAll();
    }
    loading = false;
    await Promise.all(load);
    proxy.close();
    await Promise.all(services.map((service) => service?.stop('SIGKILL')));
    expect(statuses.length).toBeGreaterThan(100);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
  }, 180_000);
});

describe('a process that drains', () => {
  it('is not ready, accepts requests, and closes their connections', async () => {
    const service = await ServiceProcess.start(env({ SHUTDOWN_DELAY: '300' }));
    service.kill('SIGTERM');
    const path = `/v1/customer-seats/claim/${'a'.repeat(43)}`;
    let ready = await fetch(`${service.url}/health/ready`);
    while (ready.ok) ready = await fetch(`${service.url}/health/ready`);
    expect(await ready.json()).toMatchObject({ detail: 'Not ready: stopping.' });
    const answer = await fetch(`${service.url}${path}`);
    expect([answer.status, answer.headers.get('connection')]).toEqual([404, 'close']);
    await service.stop('SIGKILL');
  }, 60_000);
});
