import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  to: string;
  /** Whom the server was asked to bring it to, whatever the mail itself says. */
  recipients: string[];
  from: { name: string; address?: string } | undefined;
  replyTo: string | undefined;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  headers: ParsedMail['headers'];
}

/** A real SMTP server, and the mails it was given, in the order of their coming. */
export interface Inbox {
  url: string;
  mails: ReceivedMail[];
  to(address: string): ReceivedMail[];
  /** Called with every mail, before the sender hears that it was taken. */
  onMail: (mail: ReceivedMail) => void;
  /** The reply to a recipient who is not to be taken; undefined for all others. */
  refusal: (address: string) => { code: number; text: string } | undefined;
  close(): Promise<void>;
}

export async function startInbox(): Promise<Inbox> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      const refusal = inbox.refusal(address);
      if (refusal === undefined) return done();
      done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
    },
    onData: (stream, session, done) => {
      void simpleParser(stream).then((mail) => {
        const received = {
          to: firstOf(mail.to)?.address ?? '',
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          from: firstOf(mail.from),
          replyTo: firstOf(mail.replyTo)?.address,
          subject: mail.subject ?? '',
          text: mail.text ?? '',
          html: mail.html || '',
          messageId: mail.messageId ?? '',
          headers: mail.headers,
        };
        mails.push(received);
        inbox.onMail(received);
        done();
      }, done);
    },
  });
  // A client that is killed leaves its connection in the middle of a word.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const inbox: Inbox = {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    to: (address) => mails.filter((mail) => mail.to === address),
    onMail: () => undefined,
    refusal: () => undefined,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return inbox;
}

function firstOf(addresses: AddressObject | AddressObject[] | undefined) {
  return [addresses ?? []].flat()[0]?.value[0];
}
