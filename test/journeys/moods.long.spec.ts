import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { newEmail } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { startWorker, type TestWorker } from '../support/worker.js';

/*
 * A mail server in every mood. Each mail that is refused for a reason that can pass, or whose outcome
 * stays unknown, is sent again with the same Message-ID until the server takes it. The tests of the
 * processor show what becomes of a permanent refusal.
 */

type Mood =
  | 'good'
  | 'refuses connections'
  | 'hangs up'
  | 'talks nonsense'
  | 'is too busy'
  | 'refuses the sender'
  | 'refuses the recipient for now'
  | 'refuses relaying'
  | 'hangs up in the middle of a mail'
  | 'hangs up instead of confirming';

const REPLIES: Partial<Record<Mood, [command: RegExp, reply: string]>> = {
  'is too busy': [/^EHLO/, '421 4.3.2 Try again later'],
  'refuses the sender': [/^MAIL/, '550 5.7.1 Not you'],
  'refuses the recipient for now': [/^RCPT/, '450 4.2.0 Try again later'],
  'refuses relaying': [/^RCPT/, '550 5.7.1 Relaying denied'],
};

/** An SMTP server whose mood a test sets. */
class MoodyServer {
  private mood: Mood = 'good';
  private readonly sockets = new Set<Socket>();
  /** Attempts to talk to the server. */
  attempts = 0;
  /** The Message-IDs and recipients of the mails that it took, confirmed or not. */
  readonly taken: { messageId: string; to: string }[] = [];
  private readonly server: Server = createServer((socket) => this.greet(socket));

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.become('good');
    this.server.close();
  }

  /** Also ends the connections, which the worker would use again. */
  become(mood: Mood): void {
    this.mood = mood;
    for (const socket of this.sockets) socket.destroy();
  }

  private greet(socket: Socket): void {
    this.attempts += 1;
    this.sockets.add(socket.once('close', () => this.sockets.delete(socket)));
    socket.on('error', () => undefined);
    if (this.mood === 'refuses connections') return void socket.resetAndDestroy();
    if (this.mood === 'hangs up') return void socket.end();
    socket.write(this.mood === 'talks nonsense' ? 'HTTP/1.1 400 Bad Request\r\n' : '220 ready\r\n');
    const mail = { data: false, text: '', to: '' };
    let rest = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      const lines = (rest + piece).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.hear(socket, line, mail);
    });
  }

  private hear(
    socket: Socket,
    line: string,
    mail: { data: boolean; text: string; to: string },
  ): void {
    if (mail.data && line !== '.') {
      mail.text += `${line}\n`;
      if (this.mood === 'hangs up in the middle of a mail') socket.destroy();
      return;
    }
    const [command, reply] = REPLIES[this.mood] ?? [];
    if (command?.test(line)) {
      mail.data = false;
      return void socket.write(`${reply}\r\n`);
    }
    if (/^RCPT/.test(line)) mail.to = /<(.*)>/.exec(line)?.[1] ?? '';
    if (/^DATA/.test(line)) {
      Object.assign(mail, { data: true, text: '' });
      return void socket.write('354 go on\r\n');
    }
    if (line === '.') {
      mail.data = false;
      this.taken.push({
        messageId: /^message-id: *(.*)$/im.exec(mail.text)?.[1] ?? '',
        to: mail.to,
      });
      if (this.mood === 'hangs up instead of confirming') return void socket.destroy();
    }
    socket.write('250 ok\r\n');
  }
}

const MOODS: Mood[] = [
  'refuses connections',
  'hangs up',
  'talks nonsense',
  'is too busy',
  'refuses the sender',
  'refuses the recipient for now',
  'refuses relaying',
  'hangs up in the middle of a mail',
  'hangs up instead of confirming',
];

describe('an invitation is mailed in the end when the mail server at first', () => {
  const server = new MoodyServer();
  let api: TestApp;
  let worker: TestWorker;
  let tenant: Tenant;

  beforeAll(async () => {
    const url = await server.start();
    api = await startApp();
    worker = await startWorker({ DATABASE_URL: api.database.url, SMTP_URL: url });
    worker.start();
    tenant = await api.tenant();
  });
  afterAll(async () => {
    await worker?.close();
    await api?.close();
    server.close();
  });

  it.each(MOODS)(
    '%s',
    async (mood) => {
      const email = newEmail();
      server.become(mood);
      const before = server.attempts;
      const { id } = await tenant.subscription(1);
      const body = { subscription_id: id, email };
      expect((await tenant.call('POST', '/v1/customer-seats', { body })).status).toBe(200);
      const failed = async () =>
        (await api.database.sql('SELECT FROM effects WHERE done_at IS NULL')).length > 0;
      await eventually('an attempt', async () => server.attempts > before && (await failed()), 60);
      server.become('good');
      await eventually('the mail is sent', async () => !(await failed()), 120);
      const mails = server.taken.filter(({ to }) => to === email);
      expect(mails.length).toBeGreaterThan(0);
      expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
    },
    240_000,
  );
});
