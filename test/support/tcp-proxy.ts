import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy to a port of this machine. While it is cut, nothing listens on its port. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;
  /** Asked for each piece of an answer. True: both connections end, and the piece is lost. */
  losesAnswer: () => boolean = () => false;

  constructor(private readonly target: number) {}

  /** Listens, after cut() on the same port. */
  async open(): Promise<void> {
    this.server = createServer((socket) => this.connect(socket));
    await new Promise<void>((done) => this.server?.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Stops delivering data in both directions, and keeps the connections open. */
  pause(): void {
    for (const socket of this.sockets) socket.pause();
  }

  resume(): void {
    for (const socket of this.sockets) socket.resume();
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.server?.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private connect(socket: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    const end = () => {
      socket.destroy();
      upstream.destroy();
    };
    for (const side of [socket, upstream]) {
      this.sockets.add(side);
      side.on('error', end).on('close', () => {
        this.sockets.delete(side);
        end();
      });
    }
    // Before the pipe, so that the piece is lost.
    upstream.on('data', () => {
      if (this.losesAnswer()) end();
    });
    socket.pipe(upstream).pipe(socket);
  }
}
