import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { connectionOptions } from '../../src/platform/database/connection.js';

const START_REQUEST = 196_608;
const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** The socket of a connection that `pg` has opened. */
type Raw = Client & { connection: { stream: Socket } };

/**
 * A pooler in transaction mode, as PgBouncer has it: a client has a session of PostgreSQL only during
 * a transaction, and the next one uses the session that was given back last.
 */
export class TransactionPooler {
  private readonly free: Socket[] = [];

  private constructor(
    readonly url: string,
    private readonly server: Server,
    private readonly sessions: Client[],
  ) {}

  static async start(databaseUrl: string): Promise<TransactionPooler> {
    const sessions = [1, 2].map(() => new Client(connectionOptions(databaseUrl, 'pooler')));
    for (const session of sessions) {
      session.on('error', () => undefined); // close() ends its socket.
      await session.connect();
    }
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    const pooler = new TransactionPooler(url.href, server, sessions);
    pooler.free.push(...sessions.map((session) => (session as Raw).connection.stream));
    for (const stream of pooler.free) stream.removeAllListeners('data');
    server.on('connection', (socket) => pooler.accept(socket));
    return pooler;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) (session as Raw).connection.stream.destroy();
    await new Promise((done) => this.server.close(done));
  }

  private accept(socket: Socket): void {
    let session: Socket | undefined;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1', 0, 1) === 'X') {
        socket.end();
      } else if (bytes[0] === 0 && bytes.readInt32BE(4) === START_REQUEST) {
        socket.write(Buffer.concat([AUTHENTICATED, READY]));
      } else {
        session ??= this.lend(socket, () => (session = undefined));
        session.write(bytes);
      }
    });
  }

  /** Connects a session to a client until its transaction has ended. */
  private lend(socket: Socket, ended: () => void): Socket {
    const session = this.free.pop();
    if (session === undefined) throw new Error('Both sessions are in use.');
    const forward = (bytes: Buffer) => {
      // A message that ends with "ready, and not in a transaction".
      const isOver = bytes.subarray(-READY.length).equals(READY);
      if (isOver) {
        session.off('data', forward);
        this.free.push(session);
        ended();
      }
      socket.write(bytes);
    };
    session.on('data', forward);
    return session;
  }
}
