import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  to: string;
  /** The recipients of the SMTP envelope. */
  recipients: string[];
  from: { name: string; address?: string } | undefined;
  replyTo: string | undefined;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  headers: ParsedMail['headers'];
  /** The id of the connection on which it arrived. */
  connection: string;
}

/** An SMTP server and the mails it has received, in order. */
export interface Inbox {
  url: string;
  mails: ReceivedMail[];
  to(address: string): ReceivedMail[];
  /** Called with every mail, before the server accepts it. */
  onMail: (mail: ReceivedMail) => void;
  /** The reply that refuses a recipient; undefined to accept it. */
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
          connection: session.id,
        };
        mails.push(received);
        inbox.onMail(received);
        done();
      }, done);
    },
  });
  // A killed client drops its connection in the middle of a command.
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

/** The replies of a mail server; `cut` ends the connection instead. */
export interface Mood {
  mail?: string;
  rcpt?: string;
  data?: string;
  /** The reply to the end of the mail. */
  end?: string;
  /** Whether it supports addresses that are not ASCII. */
  utf8?: boolean;
}

/** A mail server that gives these replies, and accepts everything else. It keeps no mails. */
export async function startMoodyServer(mood: Mood): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const say = (reply: string) => {
      if (reply === 'cut') socket.destroy();
      else socket.write(`${reply}\r\n`);
    };
    let inMail = false;
    const answer = (line: string) => {
      if (inMail) {
        if (line !== '.') return;
        inMail = false;
        return say(mood.end ?? '250 Ok');
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') return say(mood.utf8 ? '250-mx\r\n250 SMTPUTF8' : '250 mx');
      if (verb === 'MAIL') return say(mood.mail ?? '250 Ok');
      if (verb === 'RCPT') return say(mood.rcpt ?? '250 Ok');
      if (verb === 'DATA') {
        const reply = mood.data ?? '354 Go on';
        inMail = reply.startsWith('3');
        return say(reply);
      }
      say('250 Ok');
    };
    createInterface(socket).on('line', answer);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    say('220 mx');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
