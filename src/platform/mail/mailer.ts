import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../clock.js';
import type { Settings } from '../settings.js';
import { isMailable } from '../email.js';
import { oneLine } from './one-line.js';
import type { Sender } from './sender.js';

/** A mail to one person, in HTML and in plain text. */
export interface Mail {
  to: string;
  /** The address for replies, if it is not the sender's. */
  replyTo?: string | null;
  /** The organization that the mail is sent for. Its name is part of the sender's name. */
  fromName?: string | null;
  subject: string;
  html: string;
  text: string;
  /** With its angle brackets. A mail that is sent again must have the same one. */
  messageId: string;
}

/** The mail server refused the address or the mail for good. The message contains no address. */
export class MailRefused extends Error {
  constructor(
    /** The reply code, then the enhanced status code if there is one; or `smtputf8`. */
    readonly reason: string,
    /** Whether the address does not exist. Another attempt would harm the sender's reputation. */
    readonly certain: boolean,
  ) {
    super(`the mail server refused the mail: ${reason}`);
  }
}

/** Sends mails. */
export abstract class Mailer {
  /**
   * Resolves when the next mail server has accepted the mail.
   * @throws {MailRefused} when the mail server refused the mail for good. After any other error
   * another attempt can succeed.
   */
  abstract send(mail: Mail): Promise<void>;

  /** @throws the reason why mails cannot be sent right now. */
  check(): Promise<void> {
    return Promise.resolve();
  }

  /** Finishes the mails that are being sent, and accepts no more. */
  close(): void {}
}

/** Sends by SMTP if SMTP_URL is set; otherwise keeps mails in the mailbox. */
export function createMailer(settings: Settings, clock: Clock): Mailer {
  const sender = settings.mailFrom;
  return settings.smtpUrl === undefined
    ? new Mailbox(sender, clock)
    : new SmtpMailer(settings.smtpUrl, sender, settings.smtpMaxConnections);
}

const NAME_LENGTH = 80;
const SUBJECT_LENGTH = 200;

/**
 * The message for nodemailer, the same for both transports. No text of a mail can become a header.
 * @throws when an address or the Message-ID has characters that could.
 */
function compose(mail: Mail, sender: Sender): SendMailOptions {
  const addresses = mail.replyTo ? [mail.to, mail.replyTo] : [mail.to];
  if (!addresses.every(isMailable)) {
    throw new Error('an address of the mail has characters that are not allowed');
  }
  if (!/^<[\w.+-]+@[\w.-]+>$/.test(mail.messageId)) {
    throw new Error('the Message-ID of the mail does not have the form <id@host>');
  }
  return {
    from: { name: senderName(sender, mail.fromName), address: sender.address },
    // Objects, not strings: nodemailer would parse a string and accept several addresses in it.
    to: { name: '', address: mail.to },
    ...(mail.replyTo && { replyTo: { name: '', address: mail.replyTo } }),
    subject: oneLine(mail.subject, SUBJECT_LENGTH),
    html: mail.html,
    text: mail.text,
    messageId: mail.messageId,
    headers: {
      // Keeps out-of-office programs from replying (RFC 3834).
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/**
 * `Acme via Seats`: the organization, and the service that the address belongs to. Just `Acme` when
 * the service has no name.
 */
function senderName(sender: Sender, onBehalfOf: string | null | undefined): string {
  const name = oneLine(onBehalfOf ?? '', NAME_LENGTH);
  if (name === '' || name === sender.name) return sender.name;
  return sender.name === '' ? name : `${name} via ${sender.name}`;
}

/** Time limits for the SMTP server, in milliseconds. */
export interface SmtpTimeouts {
  connection: number;
  socket: number;
  /** For a whole mail, including the wait for a free connection. */
  total: number;
}

const TIMEOUTS: SmtpTimeouts = { connection: 10_000, socket: 30_000, total: 60_000 };

/** Sends over SMTP, and keeps connections open for further mails. */
export class SmtpMailer extends Mailer {
  private readonly transport: Transporter;

  constructor(
    url: string,
    private readonly sender: Sender,
    maxConnections: number,
    private readonly timeouts: SmtpTimeouts = TIMEOUTS,
  ) {
    super();
    this.transport = createTransport({
      url,
      pool: true,
      maxConnections,
      dnsTimeout: timeouts.connection,
      connectionTimeout: timeouts.connection,
      greetingTimeout: timeouts.connection,
      socketTimeout: timeouts.socket,
      // One immediate retry, in case the server has closed a pooled connection. The queue makes all
      // later attempts.
      maxRequeues: 1,
    });
  }

  async send(mail: Mail): Promise<void> {
    const message = compose(mail, this.sender);
    if (!isAscii(mail.to) && !(await this.supportsUtf8())) throw new MailRefused('smtputf8', true);
    // Not AbortSignal.timeout(): its timer would live on for a minute after the mail was sent.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.timeouts.total);
    try {
      await this.transport.sendMail({ ...message, signal: late.signal });
    } catch (error) {
      throw refusalOf(error) ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Whether the mail server takes addresses that are not ASCII (RFC 6531). Without the extension,
   * nodemailer would send the address anyway, and some servers would deliver to another address.
   */
  private async supportsUtf8(): Promise<boolean> {
    const connection = new SMTPConnection(this.transport.options);
    try {
      await new Promise<void>((done, fail) => {
        connection.on('error', fail);
        connection.connect((error) => (error ? fail(error) : done()));
      });
      const extensions: unknown = Reflect.get(connection, '_supportedExtensions');
      return Array.isArray(extensions) && extensions.includes('SMTPUTF8');
    } finally {
      connection.close();
    }
  }

  /** Connects and signs in. @throws when that fails. */
  override async check(): Promise<void> {
    await this.transport.verify();
  }

  override close(): void {
    this.transport.close();
  }
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

const REPLY = /^(5\d\d)[ -](?:(5\.\d{1,3}\.\d{1,3})\b)?/;
// The mailbox or the domain does not exist, or the address is malformed (RFC 3463).
const NO_SUCH_ADDRESS = /^5\.1\.(?:1|2|3|6|10)$/;
// Authentication, and the address of the sender.
const CODES_OF_SETTINGS = ['530', '535', '5.1.7', '5.1.8'];

/**
 * The refusal of the recipient or of the mail, if the server will not change its mind. Refusals
 * that concern relaying, authentication or the sender depend on settings, so a later attempt can
 * succeed.
 */
function refusalOf(error: unknown): MailRefused | undefined {
  const { command, response = '' } = error as { command?: string; response?: string };
  const [, code, enhanced] = REPLY.exec(response) ?? [];
  if (code === undefined) return undefined;
  const codes = enhanced === undefined ? [code] : [code, enhanced];
  if (codes.some((each) => CODES_OF_SETTINGS.includes(each))) return undefined;
  const ofRelaying = enhanced?.startsWith('5.7.') || /relay|authenticat/i.test(response);
  if (command !== 'DATA' && (command !== 'RCPT TO' || ofRelaying)) return undefined;
  return new MailRefused(codes.join(' '), NO_SUCH_ADDRESS.test(enhanced ?? ''));
}

/** A mail as the mailbox page shows it. */
export interface MailboxEntry {
  id: number;
  to: string;
  from: string;
  reply_to: string | null;
  subject: string;
  text: string;
  html: string;
  message_id: string;
  created_at: Date;
}

const MAILBOX_SIZE = 200;

/**
 * Keeps the last 200 mails instead of sending them, for development. They stay in memory, because a
 * mail can contain a token in plain text and no secret may be stored.
 */
export class Mailbox extends Mailer {
  private readonly transport = createTransport({ jsonTransport: true, skipEncoding: true });
  private readonly entries: MailboxEntry[] = [];
  private lastId = 0;

  constructor(
    private readonly sender: Sender,
    private readonly clock: Clock,
  ) {
    super();
  }

  async send(mail: Mail): Promise<void> {
    const { message } = await this.transport.sendMail(compose(mail, this.sender));
    this.lastId += 1;
    this.entries.unshift({
      id: this.lastId,
      to: addressText(message.to),
      from: addressText(message.from),
      reply_to: message.replyTo ? addressText(message.replyTo) : null,
      subject: String(message.subject),
      text: String(message.text),
      html: String(message.html),
      message_id: String(message.messageId),
      created_at: this.clock.now(),
    });
    this.entries.length = Math.min(this.entries.length, MAILBOX_SIZE);
  }

  /** All kept mails, newest first. */
  list(): readonly MailboxEntry[] {
    return this.entries;
  }

  find(id: number): MailboxEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }
}

/** `Name <address>`, or the address alone. Takes the first of a list, since a mail has only one. */
function addressText(value: unknown): string {
  const { name, address } = [value].flat()[0] as Sender;
  return name ? `${name} <${address}>` : address;
}
