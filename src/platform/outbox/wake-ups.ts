import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Client } from 'pg';
import { BackgroundLoop } from '../background-loop.js';
import { connectionOptions } from '../database/connection.js';
import { Database, sql } from '../database/database.js';
import { Settings } from '../settings.js';

const CHANNEL = 'seats_work';
// The first write of a process starts this pause, and all writes in it share one notification.
const DELAY_MS = 100;
const CONNECT_MS = 5_000;
const KEEP_ALIVE_MS = 10_000;
// Without a pause, a server or a pooler that ends each connection would be called in a tight loop.
const RECONNECT_MS = 1_000;

/**
 * Wakes the workers after a write. The notification has its own transaction: in the writing
 * transaction, it would serialize the commits of all writers. One that is lost costs time only,
 * because the workers also look for work by themselves.
 */
@Injectable()
export class WakeUps implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private sending: Promise<void> = Promise.resolve();
  // Without bind, it would run as a part of the request that asked for it.
  private readonly send = AsyncLocalStorage.bind(() => {
    this.timer = undefined;
    this.sending = this.notify();
  });

  constructor(private readonly database: Database) {}

  /** Wakes the workers within a tenth of a second. Call it after the commit. */
  request(): void {
    if (!this.isClosed) this.timer ??= setTimeout(this.send, DELAY_MS);
  }

  /** Sends a notification that waits for its time. Later requests are ignored. */
  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    if (this.timer !== undefined) {
      clearTimeout(this.timer);
      this.send();
    }
    await this.sending;
  }

  private async notify(): Promise<void> {
    try {
      await this.database.query(sql`SELECT pg_notify(${CHANNEL}, '')::text`);
    } catch (error) {
      Logger.warn(`the workers were not woken: ${String(error)}`, WakeUps.name);
    }
  }
}

/** Listens for the notifications of {@link WakeUps}, on its own connection. */
export class WakeUpListener {
  private readonly loop: BackgroundLoop;
  private readonly stopped = Promise.withResolvers<void>();
  private connected = false;

  /** @param onWakeUp also called after each connection, since notifications may have been lost. */
  constructor(
    private readonly settings: Settings,
    private readonly onWakeUp: () => void,
  ) {
    this.loop = new BackgroundLoop('wake-ups', () => this.listen(), RECONNECT_MS);
  }

  /** Whether it hears notifications at present. */
  get isConnected(): boolean {
    return this.connected;
  }

  start(): void {
    this.loop.start();
  }

  /** Ends the connection. One that is being opened is waited for, up to 5 s. */
  async stop(): Promise<void> {
    this.stopped.resolve();
    await this.loop.stop();
  }

  /** Listens until the connection ends. @throws the error of the connection. */
  private async listen(): Promise<boolean> {
    const client = new Client({
      ...connectionOptions(this.settings.databaseUrl as string, 'seats (wake-ups)'),
      connectionTimeoutMillis: CONNECT_MS,
      // Notices a connection that was dropped silently.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', (error) => Logger.warn(error.message, WakeUpListener.name));
    client.on('notification', () => this.onWakeUp());
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      this.connected = true;
      this.onWakeUp();
      await Promise.race([ended, this.stopped.promise]);
      return false;
    } finally {
      this.connected = false;
      // Not awaited: a server that does not answer would delay the shutdown.
      client.end().catch(() => undefined);
    }
  }
}
