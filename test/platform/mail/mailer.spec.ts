import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Clock } from '../../../src/platform/clock.js';
import { readSettings } from '../../../src/platform/settings.js';
import {
  createMailer,
  type Mail,
  MailRefused,
  Mailbox,
  SmtpMailer,
  type SmtpTimeouts,
} from '../../../src/platform/mail/mailer.js';
import { messageIdOf } from '../../../src/platform/mail/message-id.js';
import { oneLine } from '../../../src/platform/mail/one-line.js';
import { parseSender } from '../../../src/platform/mail/sender.js';
import { type Inbox, type Mood, startInbox, startMoodyServer } from '../../support/smtp.js';

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

describe('MAIL_FROM', () => {
  it.each([
    ['Seats <seats@example.com>', sender],
    ['seats@example.com', { name: '', address: 'seats@example.com' }],
    ['"Seats, Inc." <seats@example.com>', { name: 'Seats, Inc.', address: 'seats@example.com' }],
  ])('accepts %s', (text, expected) => {
    expect(parseSender(text)).toEqual(expected);
  });

  it.each(['Seats', 'a@example.com, b@example.com', ''])('refuses "%s"', (text) => {
    expect(() => parseSender(text)).toThrow('not one address');
  });
});

describe('the mailer', () => {
  it.each([
    ['sends by SMTP with an SMTP_URL', { SMTP_URL: 'smtp://127.0.0.1:1' }, SmtpMailer],
    ['is the mailbox without an SMTP_URL', {}, Mailbox],
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
    mailer = new SmtpMailer(inbox.url, sender, 5);
  });
  beforeEach(() => void inbox.mails.splice(0));
  afterAll(async () => {
    mailer.close();
    await inbox.close();
  });

  it('needs a working server, which check() verifies without sending a mail', async () => {
    await mailer.check();
    expect(inbox.mails).toEqual([]);
  });

  it('has an HTML part and a plain text part', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]).toMatchObject({ html: '<p>Hällo</p>', text: 'Hällo' });
  });

  it('has the given Message-ID, subject, recipient and reply address', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]).toMatchObject({
      messageId: '<3f1c@seats.example.com>',
      subject: 'Grüße von Acme',
      to: 'ada@example.com',
      replyTo: 'help@acme.example',
    });
  });

  it('comes from the address of the service, in the name of the organization', async () => {
    await mailer.send({ ...mail, fromName: 'Acme "Höchst", Inc.' });
    expect(inbox.mails[0]?.from).toEqual({
      name: 'Acme "Höchst", Inc. via Seats',
      address: 'seats@example.com',
    });
  });

  it('comes in the name of the service when no organization is named', async () => {
    await mailer.send({ ...mail, fromName: null });
    expect(inbox.mails[0]?.from).toEqual(sender);
  });

  it('asks out-of-office programs not to reply', async () => {
    await mailer.send(mail);
    expect(inbox.mails[0]?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(inbox.mails[0]?.headers.get('x-auto-response-suppress')).toBe('All');
  });

  it('cannot get a header from its subject or the name of its sender', async () => {
    const evil = 'x\r\nBcc: eve@example.com\r\nX-Evil: 1';
    await mailer.send({ ...mail, subject: evil, fromName: evil });
    expect(inbox.mails.map(({ recipients }) => recipients)).toEqual([['ada@example.com']]);
    expect(inbox.mails[0]?.headers.has('bcc')).toBe(false);
    expect(inbox.mails[0]?.headers.has('x-evil')).toBe(false);
  });

  it('has no line break or invisible character in its subject or the name of its sender', async () => {
    const text = 'Ac\u202eme\r\nInc.';
    await mailer.send({ ...mail, subject: text, fromName: text });
    expect(inbox.mails[0]).toMatchObject({
      subject: 'Ac me Inc.',
      from: { name: 'Ac me Inc. via Seats' },
    });
  });

  it('cannot get a part from a file or a web address', async () => {
    const html = { path: import.meta.filename } as unknown as string;
    await expect(mailer.send({ ...mail, html })).rejects.toThrow('File access rejected');
    const text = { href: 'http://127.0.0.1:1' } as unknown as string;
    await expect(mailer.send({ ...mail, text })).rejects.toThrow('Url access rejected');
  });

  it('has a subject of at most 200 characters', async () => {
    await mailer.send({ ...mail, subject: 'x'.repeat(5_000) });
    expect(inbox.mails[0]?.subject).toBe(`${'x'.repeat(199)}…`);
  });

  it('is not sent when the address is a list', async () => {
    const to = 'ada@example.com, eve@evil.example';
    await expect(mailer.send({ ...mail, to })).rejects.toThrow();
    expect(inbox.mails).toEqual([]);
  });

  it.each([
    ['the recipient', { to: 'ada@example.com\r\nRCPT TO:<eve@example.com>' }],
    ['the reply address', { replyTo: 'a@example.com\nX: 1' }],
    ['the Message-ID', { messageId: '<1@x>\r\nX-Evil: 1' }],
  ])('is not sent with a line break in %s', async (_, wrong) => {
    await expect(mailer.send({ ...mail, ...wrong })).rejects.toThrow();
    expect(inbox.mails).toEqual([]);
  });
});

describe('sending over SMTP', () => {
  const HOUR = 60 * 60_000;
  const never = { connection: HOUR, socket: HOUR, total: HOUR };
  const sockets: Socket[] = [];
  let mailer: SmtpMailer;
  afterEach(() => {
    mailer.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('fails when the server is unreachable', async () => {
    mailer = new SmtpMailer('smtp://127.0.0.1:1', sender, 5, never);
    await expect(mailer.send(mail)).rejects.toThrow();
    await expect(mailer.check()).rejects.toThrow('ECONNREFUSED');
  });

  // Each case sets only one limit.
  it.each<[string, Partial<SmtpTimeouts>, (socket: Socket) => void]>([
    ['sends no greeting', { connection: 50 }, () => undefined],
    ['sends nothing after its greeting', { socket: 50 }, (socket) => socket.write('220 hello\r\n')],
    ['never ends its greeting', { total: 50 }, greetEndlessly],
  ])(
    'fails at the time limit when the server %s',
    async (_, limit, respond) => {
      const server = createServer((socket) => {
        sockets.push(socket.on('error', () => undefined));
        respond(socket);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.unref();
      mailer = new SmtpMailer(`smtp://127.0.0.1:${port}`, sender, 5, { ...never, ...limit });
      await expect(mailer.send(mail)).rejects.toThrow();
      server.close();
    },
    5_000,
  );
});

describe('a mail server', () => {
  /** The error of sending a mail to a server in this mood; undefined if it takes the mail. */
  async function failureIn(mood: Mood, to = mail.to): Promise<unknown> {
    const server = await startMoodyServer(mood);
    const mailer = new SmtpMailer(server.url, sender, 5);
    try {
      return await mailer.send({ ...mail, to }).then(
        () => undefined,
        (error: unknown) => error,
      );
    } finally {
      mailer.close();
      server.close();
    }
  }

  it.each<[Mood, string, boolean]>([
    [{ rcpt: '550 5.1.1 No such user' }, '550 5.1.1', true],
    [{ rcpt: '550-5.1.1 No such user\r\n550 5.1.1 here' }, '550 5.1.1', true],
    [{ rcpt: '550 5.1.10 Null MX' }, '550 5.1.10', true],
    [{ rcpt: '550 Requested action not taken' }, '550', false],
    [{ rcpt: '552 5.2.2 Mailbox full' }, '552 5.2.2', false],
    [{ rcpt: '553 5.3.0 No' }, '553 5.3.0', false],
    [{ data: '554 No valid recipients' }, '554', false],
    [{ end: '554 5.7.1 Looks like spam' }, '554 5.7.1', false],
    [{ end: '552 Too big' }, '552', false],
  ])('that replies %j refuses the mail for good', async (mood, reason, certain) => {
    const failure = await failureIn(mood);
    expect(failure).toBeInstanceOf(MailRefused);
    expect(failure).toMatchObject({ reason, certain });
    expect(String(failure)).not.toContain(mail.to);
  });

  it.each<[Mood]>([
    [{ rcpt: '421 4.3.2 Closing' }],
    [{ rcpt: '450 4.2.0 Try again later' }],
    [{ rcpt: '530 5.7.0 Authentication required' }],
    [{ rcpt: '535 Authentication failed' }],
    [{ rcpt: '554 5.7.1 Relay access denied' }],
    [{ rcpt: '550 relay not permitted' }],
    [{ rcpt: '550 5.1.8 Sender address rejected' }],
    [{ mail: '550 5.1.0 Sender rejected' }],
    [{ data: '530 Must issue a STARTTLS command first' }],
    [{ end: '451 4.3.0 Try again later' }],
    [{ rcpt: 'cut' }],
    [{ end: 'cut' }],
  ])('that replies %j may take the mail later', async (mood) => {
    const failure = await failureIn(mood);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(MailRefused);
  });

  it('without SMTPUTF8 cannot take an address that is not ASCII', async () => {
    const failure = await failureIn({}, 'zoë@example.com');
    expect(failure).toBeInstanceOf(MailRefused);
    expect(failure).toMatchObject({ reason: 'smtputf8', certain: true });
  });

  it('with SMTPUTF8 takes an address that is not ASCII', async () => {
    expect(await failureIn({ utf8: true }, 'zoë@example.com')).toBeUndefined();
  });

  it('gets at most as many connections as the settings allow', async () => {
    const inbox = await startInbox();
    const mailer = new SmtpMailer(inbox.url, sender, 2);
    const open = new Set<string>();
    inbox.onMail = ({ connection }) => void open.add(connection);
    await Promise.all(Array.from({ length: 12 }, () => mailer.send(mail)));
    expect(open.size).toBeLessThanOrEqual(2);
    mailer.close();
    await inbox.close();
  });
});

describe('the Message-ID of a mail', () => {
  it.each([
    ['https://seats.example.com', 'seats.example.com'],
    ['https://seats.example.com:8443/x', 'seats.example.com'],
    ['http://localhost:3000', 'mail.example.org'],
    ['http://127.0.0.1:3000', 'mail.example.org'],
    ['http://[::1]:3000', 'mail.example.org'],
    ['http://seats_api.example.com', 'mail.example.org'],
  ])('with PUBLIC_URL %s has the domain %s', (publicUrl, domain) => {
    const mailFrom = { name: '', address: 'seats@mail.example.org' };
    expect(messageIdOf('1', { publicUrl, mailFrom })).toBe(`<1@${domain}>`);
  });

  it('has the domain localhost when no setting names a domain', () => {
    expect(messageIdOf('1', readSettings({}))).toBe('<1@localhost>');
  });
});

/** Sends a greeting in which each line announces another. */
function greetEndlessly(socket: Socket): void {
  const timer = setInterval(() => socket.write('220-wait\r\n'), 10);
  socket.once('close', () => clearInterval(timer));
}

describe('oneLine', () => {
  it.each([
    ['a\u202eb\r\nc', 'a b c'],
    [' \u0000 \u2066a\u2069\u200f ', 'a'],
    ['x'.repeat(80), 'x'.repeat(80)],
    [`${'x'.repeat(78)} ${'x'.repeat(3)}`, `${'x'.repeat(78)}…`],
    ['😀'.repeat(81), `${'😀'.repeat(79)}…`],
  ])('turns %j into one line of at most 80 characters', (text, line) => {
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

  it('keeps the last 200 mails, newest first', async () => {
    const mailbox = new Mailbox(sender, new Clock());
    for (let n = 1; n <= 205; n += 1) await mailbox.send({ ...mail, subject: `mail ${n}` });
    expect(mailbox.list()).toHaveLength(200);
    expect(mailbox.list()[0]?.subject).toBe('mail 205');
    expect(mailbox.list().at(-1)?.subject).toBe('mail 6');
  });
});
