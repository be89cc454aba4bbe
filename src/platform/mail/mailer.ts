import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer';
import type { Clock } from '../clock.js';
import type { Settings } from '../config.js';
import { isMailable, oneLine } from './one-line.js';
import type { Sender } from './sender.js';

/** A mail to one person, in HTML and in plain text. */
export interface Mail {
  to: string;
  /** Where an answer goes, if not to the sender. */
  replyTo?: string | null;
  /** On whose behalf it is sent; shown in the sender's name. */
  fromName?: string | null;
  subject: string;
  html: string;
  text: string;
  /** With its angle brackets. The same mail sent again must have the same one. */
  messageId: string;
}

/** There is no such address. Trying again would get the same answer, and our server a bad name. */
export class UnknownAddress extends Error {}

/** Sends mails. */
export abstract class Mailer {
  /**
   * Resolves when the mail was taken over by the next server.
   * @throws {UnknownAddress}; anything else may come out otherwise the next time.
   */
  abstract send(mail: Mail): Promise<void>;

  /** Lets mails under way finish, and takes no more. */
  close(): void {}
}

/** SMTP when there is an SMTP_URL, else the mailbox. */
export function createMailer(settings: Settings, clock: Clock): Mailer {
  const sender = settings.mailFrom;
  return settings.smtpUrl === undefined
    ? new Mailbox(sender, clock)
    : new SmtpMailer(settings.smtpUrl, sender);
}

const NAME_LENGTH = 80;
const SUBJECT_LENGTH = 200;

/** What nodemailer gets, whatever it then does with it. Nothing in a mail can become a header. */
function compose(mail: Mail, sender: Sender): SendMailOptions {
  const addresses = mail.replyTo ? [mail.to, mail.replyTo] : [mail.to];
  if (!addresses.every(isMailable)) {
    throw new Error('an address of this mail has characters that no address has');
  }
  if (!/^<[\w.+-]+@[\w.-]+>$/.test(mail.messageId)) {
    throw new Error('the Message-ID of this mail does not have the form <id@host>');
  }
  return {
    from: { name: senderName(sender, mail.fromName), address: sender.address },
    // As objects: a text would be parsed, and could be a list.
    to: { name: '', address: mail.to },
    ...(mail.replyTo && { replyTo: { name: '', address: mail.replyTo } }),
    subject: oneLine(mail.subject, SUBJECT_LENGTH),
    html: mail.html,
    text: mail.text,
    messageId: mail.messageId,
    headers: {
      // RFC 3834: keeps out-of-office robots from answering.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** "Acme via Seats": who it is from, and whose address it is. Without a name of ours just "Acme". */
function senderName(sender: Sender, onBehalfOf: string | null | undefined): string {
  const name = oneLine(onBehalfOf ?? '', NAME_LENGTH);
  if (name === '' || name === sender.name) return sender.name;
  return sender.name === '' ? name : `${name} via ${sender.name}`;
}

/** How long the SMTP server may take, in milliseconds. */
export interface SmtpTimeouts {
  connection: number;
  socket: number;
  /** For a mail altogether, with the wait for a free connection. */
  total: number;
}

const TIMEOUTS: SmtpTimeouts = { connection: 10_000, socket: 30_000, total: 60_000 };

/** Over SMTP, with a few connections that are kept open. */
export class SmtpMailer extends Mailer {
  private readonly transport: Transporter;

  constructor(
    url: string,
    private readonly sender: Sender,
    private readonly timeouts: SmtpTimeouts = TIMEOUTS,
  ) {
    super();
    this.transport = createTransport({
      url,
      pool: true,
      dnsTimeout: timeouts.connection,
      connectionTimeout: timeouts.connection,
      greetingTimeout: timeouts.connection,
      socketTimeout: timeouts.socket,
      // For a kept connection that the server has closed meanwhile. Later tries are the queue's.
      maxRequeues: 1,
    });
  }

  async send(mail: Mail): Promise<void> {
    const signal = AbortSignal.timeout(this.timeouts.total);
    try {
      await this.transport.sendMail({ ...compose(mail, this.sender), signal });
    } catch (error) {
      throw isUnknownAddress(error)
        ? new UnknownAddress('the mail server knows no such address')
        : error;
    }
  }

  override close(): void {
    this.transport.close();
  }
}

/**
 * Whether the server refused the recipient for good because there is no such mailbox, domain or
 * syntax (RFC 3463). Other refusals for good, of the sender or of relaying, are a matter of settings,
 * and pass when those are mended.
 */
function isUnknownAddress(error: unknown): boolean {
  const { command, response } = error as { command?: string; response?: string };
  return command === 'RCPT TO' && /^5\d\d[ -]5\.1\.(?:1|2|3|6|10)\b/.test(response ?? '');
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
 * Keeps the last 200 mails instead of sending them, for development. Only in memory: a mail may
 * carry a token in the clear, and no secret may rest anywhere.
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

  /** Newest first. */
  list(): readonly MailboxEntry[] {
    return this.entries;
  }

  find(id: number): MailboxEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }
}

/** `Name <address>`, or the address alone; of several the first, since a mail has one of each. */
function addressText(value: unknown): string {
  const { name, address } = [value].flat()[0] as Sender;
  return name ? `${name} <${address}>` : address;
}
