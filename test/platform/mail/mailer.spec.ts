import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { parseSender } from '../../../src/platform/mail/sender.js';
import { Clock } from '../../../src/platform/clock.js';
import { readSettings } from '../../../src/platform/config.js';
import { createMailer, type Mail, Mailbox, SmtpMailer } from '../../../src/platform/mail/mailer.js';

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
  let server: SMTPServer;
  let mailer: SmtpMailer;
  let received: ParsedMail[];
  let recipients: string[][];

  beforeAll(async () => {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        recipients.push(session.envelope.rcptTo.map(({ address }) => address));
        void simpleParser(stream).then((parsed) => {
          received.push(parsed);
          done();
        }, done);
      },
    });
    const listener = server.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    mailer = new SmtpMailer(`smtp://127.0.0.1:${port}`, sender);
  });
  beforeEach(() => {
    received = [];
    recipients = [];
  });
  afterAll(async () => {
    mailer.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('has both parts', async () => {
    await mailer.send(mail);
    expect(received[0]).toMatchObject({ html: '<p>Hällo</p>', text: 'Hällo' });
  });

  it('has the Message-ID, the subject, the recipient and the answer address it was given', async () => {
    await mailer.send(mail);
    const [got] = received;
    expect(got?.messageId).toBe('<3f1c@seats.example.com>');
    expect(got?.subject).toBe('Grüße von Acme');
    expect((got?.to as AddressObject).text).toBe('ada@example.com');
    expect(got?.replyTo?.text).toBe('help@acme.example');
  });

  it('comes from our address, in the name of the organization', async () => {
    await mailer.send({ ...mail, fromName: 'Acme "Höchst", Inc.' });
    expect(received[0]?.from?.value).toEqual([
      { name: 'Acme "Höchst", Inc. via Seats', address: 'seats@example.com' },
    ]);
  });

  it('comes from us alone without a name', async () => {
    await mailer.send({ ...mail, fromName: null });
    expect(received[0]?.from?.value).toEqual([{ name: 'Seats', address: 'seats@example.com' }]);
  });

  it('asks robots not to answer', async () => {
    await mailer.send(mail);
    expect(received[0]?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('lets no text become a header', async () => {
    const evil = 'x\r\nBcc: eve@example.com\r\nX-Evil: 1';
    await mailer.send({ ...mail, subject: evil, fromName: evil });
    expect(recipients).toEqual([['ada@example.com']]);
    expect(received[0]?.headers.has('bcc')).toBe(false);
    expect(received[0]?.headers.has('x-evil')).toBe(false);
  });

  it('goes to nobody when the address is a list', async () => {
    const to = 'ada@example.com, eve@evil.example';
    await expect(mailer.send({ ...mail, to })).rejects.toThrow();
    expect(recipients).toEqual([]);
  });

  it.each([
    ['a recipient', { to: 'ada@example.com\r\nRCPT TO:<eve@example.com>' }],
    ['an answer address', { replyTo: 'a@example.com\nX: 1' }],
    ['a Message-ID', { messageId: '<1@x>\r\nX-Evil: 1' }],
  ])('with a line break in %s is not sent', async (_, wrong) => {
    await expect(mailer.send({ ...mail, ...wrong })).rejects.toThrow();
    expect(received).toEqual([]);
  });
});

describe('an SMTP server that is not there', () => {
  const timeouts = { connection: 200, socket: 200, total: 1_000 };

  it('is an error', async () => {
    const mailer = new SmtpMailer('smtp://127.0.0.1:1', sender, timeouts);
    await expect(mailer.send(mail)).rejects.toThrow();
    mailer.close();
  });

  it('is an error within its timeout when it accepts and says nothing', async () => {
    const silent: Server = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const mailer = new SmtpMailer(`smtp://127.0.0.1:${port}`, sender, timeouts);
    await expect(mailer.send(mail)).rejects.toThrow();
    mailer.close();
    silent.close();
  }, 10_000);
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
