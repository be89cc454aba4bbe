import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Clock } from '../../../src/platform/clock.js';
import { readSettings } from '../../../src/platform/config.js';
import {
  createMailer,
  type Mail,
  Mailbox,
  SmtpMailer,
  type SmtpTimeouts,
} from '../../../src/platform/mail/mailer.js';
import { oneLine } from '../../../src/platform/mail/one-line.js';
import { parseSender } from '../../../src/platform/mail/sender.js';
import { type Inbox, startInbox } from '../../support/smtp.js';

const sender = { name: 'Seats', address: 'seats@example.com' };
const mail: Mail = {
  to: 'ada@example.com',
  replyTo: 'help@acme.example',
  fromName: 'Acme',
  subject: 'Grüße von Acme',
  html: '<p>Hällo</p>',
  text: 'Hällo',
  messageId: '<3f1c@seats.example.com>',
};

describe('the sender of the settings', () => {
  it.each([
    ['Seats <seats@example.com>', sender],
    ['seats@example.com', { name: '', address: 'seats@example.com' }],
    ['"Seats, Inc." <seats@example.com>', { name: 'Seats, Inc.', address: 'seats@example.com' }],
  ])('%s is understood', (text, expected) => {
    expect(parseSender(text)).toEqual(expected);
  });

  it.each(['Seats', 'a@example.com, b@example.com', ''])('"%s" stops the boot', (text) => {
    expect(() => parseSender(text)).toThrow('not one address');
  });
});

describe('which mailer there is', () => {
  it.each([
    ['SMTP with an SMTP_URL', { SMTP_URL: 'smtp://127.0.0.1:1' }, SmtpMailer],
    ['the mailbox without', {}, Mailbox],
  ])('%s', (_, env, kind) => {
    const mailer = createMailer(readSettings(env), new Clock());
    mailer.close();
    expect(mailer).toBeInstanceOf(kind);
  });
});

describe('a mail over SMTP', () => {
  let inbox: Inbox;
  let mailer: SmtpMailer;

  beforeAll(async () => {
    inbox = await startInbox();
    mailer = new SmtpMailer(inbox.url, sender);
  });
  beforeEach(() => void inbox.mails.splice(0));
  afterAll(async () => {
    mailer.close();
    await inbox.close();
  });

  it('has both parts', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]).toMatchObject({ html: '<p>Hällo</p>', text: 'Hällo' });
  });

  it('has the Message-ID, the subject, the recipient and the answer address it was given', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]).toMatchObject({
      messageId: '<3f1c@seats.example.com>',
      subject: 'Grüße von Acme',
      to: 'ada@example.com',
      replyTo: 'help@acme.example',
    });
  });

  it('comes from our address, in the name of the organization', async () => {
    await mailer.send({ ...mail, fromName: 'Acme "Höchst", Inc.' });
    expect(inbox.mails[0]?.from).toEqual({
      name: 'Acme "Höchst", Inc. via Seats',
      address: 'seats@example.com',
    });
  });

  it('comes from us alone without a name', async () => {
    await mailer.send({ ...mail, fromName: null });
    expect(inbox.mails[0]?.from).toEqual(sender);
  });

  it('asks robots not to answer', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(inbox.mails[0]?.headers.get('x-auto-response-suppress')).toBe('All');
  });

  it('lets no text become a header', async () => {
    const evil = 'x\r\nBcc: eve@example.com\r\nX-Evil: 1';
    await mailer.send({ ...mail, subject: evil, fromName: evil });
    expect(inbox.mails.map(({ recipients }) => recipients)).toEqual([['ada@example.com']]);
    expect(inbox.mails[0]?.headers.has('bcc')).toBe(false);
    expect(inbox.mails[0]?.headers.has('x-evil')).toBe(false);
  });

  it('reads no file and no address, whatever its parts are', async () => {
    const html = { path: import.meta.filename } as unknown as string;
    await expect(mailer.send({ ...mail, html })).rejects.toThrow('File access rejected');
    const text = { href: 'http://127.0.0.1:1' } as unknown as string;
    await expect(mailer.send({ ...mail, text })).rejects.toThrow('Url access rejected');
  });

  it('cuts a subject that is too long', async () => {
    await mailer.send({ ...mail, subject: 'x'.repeat(5_000) });
    expect(inbox.mails[0]?.subject).toBe(`${'x'.repeat(199)}…`);
  });

  it('goes to nobody when the address is a list', async () => {
    const to = 'ada@example.com, eve@evil.example';
    await expect(mailer.send({ ...mail, to })).rejects.toThrow();
    expect(inbox.mails).toEqual([]);
  });

  it.each([
    ['a recipient', { to: 'ada@example.com\r\nRCPT TO:<eve@example.com>' }],
    ['an answer address', { replyTo: 'a@example.com\nX: 1' }],
    ['a Message-ID', { messageId: '<1@x>\r\nX-Evil: 1' }],
  ])('with a line break in %s is not sent', async (_, wrong) => {
    await expect(mailer.send({ ...mail, ...wrong })).rejects.toThrow();
    expect(inbox.mails).toEqual([]);
  });
});

describe('an SMTP server that is not there', () => {
  const HOUR = 60 * 60_000;
  const never = { connection: HOUR, socket: HOUR, total: HOUR };
  const sockets: Socket[] = [];
  let mailer: SmtpMailer;
  afterEach(() => {
    mailer.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('is an error', async () => {
    mailer = new SmtpMailer('smtp://127.0.0.1:1', sender, never);
    await expect(mailer.send(mail)).rejects.toThrow();
  });

  // Each of them with one limit alone.
  it.each<[string, Partial<SmtpTimeouts>, (socket: Socket) => void]>([
    ['never says a word', { connection: 50 }, () => undefined],
    ['greets and falls silent', { socket: 50 }, (socket) => socket.write('220 hello\r\n')],
    ['talks on and on', { total: 50 }, talk],
  ])(
    'is given up when it %s',
    async (_, limit, says) => {
      const server = createServer((socket) => {
        sockets.push(socket.on('error', () => undefined));
        says(socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.unref();
      mailer = new SmtpMailer(`smtp://127.0.0.1:${port}`, sender, { ...never, ...limit });
      await expect(mailer.send(mail)).rejects.toThrow();
      server.close();
    },
    5_000,
  );
});

/** A greeting of which each line promises another. */
function talk(socket: Socket): void {
  const timer = setInterval(() => socket.write('220-wait\r\n'), 10);
  socket.once('close', () => clearInterval(timer));
}

describe('a text for a header', () => {
  it.each([
    ['a\u202eb\r\nc', 'a b c'],
    [' \u0000 \u2066a\u2069\u200f ', 'a'],
    ['x'.repeat(80), 'x'.repeat(80)],
    [`${'x'.repeat(78)} ${'x'.repeat(3)}`, `${'x'.repeat(78)}…`],
    ['😀'.repeat(81), `${'😀'.repeat(79)}…`],
  ])('%j becomes one line of at most 80 characters', (text, line) => {
    expect(oneLine(text, 80)).toBe(line);
  });
});

describe('the mailbox', () => {
  it('shows a mail as it would be sent', async () => {
    const mailbox = new Mailbox(sender, new Clock());
    await mailbox.send(mail);
    expect(mailbox.list()).toEqual([
      {
        id: 1,
        to: 'ada@example.com',
        from: 'Acme via Seats <seats@example.com>',
        reply_to: 'help@acme.example',
        subject: 'Grüße von Acme',
        text: 'Hällo',
        html: '<p>Hällo</p>',
        message_id: '<3f1c@seats.example.com>',
        created_at: expect.any(Date),
      },
    ]);
  });

  it('keeps the last 200, newest first', async () => {
    const mailbox = new Mailbox(sender, new Clock());
    for (let n = 1; n <= 205; n += 1) await mailbox.send({ ...mail, subject: `mail ${n}` });
    expect(mailbox.list()).toHaveLength(200);
    expect(mailbox.list()[0]?.subject).toBe('mail 205');
    expect(mailbox.list().at(-1)?.subject).toBe('mail 6');
  });
});
