/*
 * An SMTP server that accepts every mail and counts it. With the argument `silent` it accepts
 * connections but never greets, like a mail server that hangs.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { report } from './sink.ts';

const silent = process.argv[2] === 'silent';
const END_OF_MAIL = '\r\n.\r\n';
let mails = 0;

function talk(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  if (silent) return;
  let waiting = '';
  let isData = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  say('220 sink');
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    waiting += chunk;
    for (;;) {
      const mark = isData ? END_OF_MAIL : '\r\n';
      const end = waiting.indexOf(mark);
      if (end === -1) return;
      const command = waiting.slice(0, end).slice(0, 4).toUpperCase();
      waiting = waiting.slice(end + mark.length);
      if (isData) {
        isData = false;
        mails += 1;
        say('250 accepted');
      } else if (command === 'DATA') {
        isData = true;
        say('354 go on');
      } else if (command === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say(command === 'EHLO' ? '250-sink\r\n250 8BITMIME' : '250 ok');
    }
  });
}

const server = createServer(talk).listen(0, '127.0.0.1');
await once(server, 'listening');
report([(server.address() as AddressInfo).port], () => mails);
