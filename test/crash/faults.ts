import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultKind } from './history.js';
import type { Random } from './random.js';
import type { Stage } from './stage.js';

const WEIGHTS: Partial<Record<FaultKind, number>> = {
  'answers lost': 8,
  'API killed': 4,
  'worker killed': 4,
  'Redis killed': 2,
  'Redis wiped': 1,
  'PostgreSQL crashed': 2,
};
/** Shares of the webhooks and mails that are refused once. */
const REFUSED_WEBHOOKS = 0.02;
const REFUSED_MAILS = 0.01;

/** Breaks parts of a deployment, at random moments, and keeps a record. */
export class Faults {
  readonly record: Fault[] = [];
  private readonly repairs: Promise<void>[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly random: Random,
  ) {}

  /** Refuses some webhooks and mails at their first attempt. */
  refuseSome(onWebhook: (id: string, body: string, accepted: boolean) => void): void {
    const { receiver, inbox } = this.stage;
    const refused = new Set<string>();
    const refuses = (id: string, share: number, kind: FaultKind) => {
      if (refused.has(id) || !this.random.chance(share)) return false;
      refused.add(id);
      this.note(kind);
      return true;
    };
    receiver.reply = ({ headers, body }, response) => {
      const id = headers['webhook-id'] ?? '';
      const accepted = !refuses(id, REFUSED_WEBHOOKS, 'receiver refused');
      onWebhook(id, body, accepted);
      response.writeHead(accepted ? 200 : 500).end();
    };
    inbox.refusal = (address) =>
      refuses(`mail ${address}`, REFUSED_MAILS, 'mail server refused')
        ? { code: 450, text: '4.2.0 Try again later' }
        : undefined;
  }

  /** Breaks something every few seconds until `until`, each kind at least once. Then all is well. */
  async work(until: number, everySeconds: number): Promise<void> {
    const weights = Object.fromEntries(
      Object.entries(WEIGHTS).filter(
        ([kind]) => this.stage.redis !== undefined || !kind.startsWith('Redis'),
      ),
    ) as Record<FaultKind, number>;
    const first = this.random.shuffled(Object.keys(weights) as FaultKind[]);
    // A wiped job is sent again after two minutes, so a wipe near the end only prolongs the run.
    if (first.includes('Redis wiped')) {
      first.splice(first.indexOf('Redis wiped'), 1);
      first.unshift('Redis wiped');
    }
    while (Date.now() < until) {
      await sleep(this.random.whole(200, everySeconds * 2000));
      if (Date.now() >= until) break;
      const kind = first.shift() ?? this.random.weighted(weights);
      const repaired = this.break(kind);
      this.repairs.push(repaired);
      // Sometimes the next fault comes before this one is repaired.
      if (this.random.chance(0.7)) await repaired;
    }
    await Promise.all(this.repairs);
  }

  private async break(kind: FaultKind): Promise<void> {
    const { stage, random } = this;
    const fault = this.note(kind);
    const downMs = random.whole(0, 1500);
    switch (kind) {
      case 'API killed': {
        const api = random.pick(stage.apis);
        api.kill();
        await sleep(100);
        await api.ready();
        break;
      }
      case 'worker killed': {
        const worker = random.pick(stage.workers);
        worker.kill();
        await sleep(100);
        await worker.ready();
        break;
      }
      case 'Redis killed':
        await this.alone('Redis', async () => {
          await stage.redis?.kill();
          await sleep(downMs);
          await stage.redis?.start();
        });
        break;
      case 'Redis wiped':
        await this.alone('Redis', async () => {
          await stage.redis?.lose();
          await sleep(downMs);
          await stage.redis?.start();
        });
        break;
      case 'PostgreSQL crashed':
        await this.alone('PostgreSQL', () => stage.postgres.crash(downMs));
        break;
      case 'answers lost':
        await this.loseAnswers(random.whole(1, 5), downMs);
        break;
      case 'receiver refused':
      case 'mail server refused':
        break;
    }
    fault.until = Date.now();
  }

  private readonly turns = new Map<string, Promise<void>>();

  /** One server is not killed again before it runs again. */
  private alone(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.turns.get(name) ?? Promise.resolve()).then(work);
    this.turns.set(name, turn);
    return turn;
  }

  private async loseAnswers(count: number, withinMs: number): Promise<void> {
    const proxy = this.random.pick(this.stage.proxies);
    let left = count;
    proxy.losesAnswer = () => {
      left -= 1;
      return left >= 0;
    };
    await sleep(withinMs + 200);
    proxy.losesAnswer = () => false;
  }

  private note(kind: FaultKind): Fault {
    const now = Date.now();
    const fault = { kind, at: now, until: now };
    this.record.push(fault);
    return fault;
  }
}
