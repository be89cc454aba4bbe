import { Injectable } from '@nestjs/common';
import { recoverToken } from '../invitations/invitation.js';
import { Clock } from '../platform/clock.js';
import { Keys } from '../platform/crypto.js';
import { ClientSecrets } from '../purchases/checkouts/client-secrets.js';
import {
  KeyRotationRepository,
  type Renewed,
  type StoredCheckout,
  type StoredInvitation,
  type StoredSecret,
} from './key-rotation.repository.js';

export type SecretKind =
  'access_tokens' | 'sessions' | 'invitations' | 'checkout_client_secrets' | 'webhook_secrets';

/** How many secrets of a kind depend on a key. */
export interface Dependency {
  kind: SecretKind;
  /** The name of the key; null if it is unknown or not in the settings. */
  key: string | null;
  count: number;
}

export interface KeysStatus {
  /** In the order of the settings: the first signs and encrypts. */
  keys: string[];
  secrets: Dependency[];
}

/** The result for one kind of secret. */
export interface Rewritten {
  kind: SecretKind;
  /** How many were moved to the first key. */
  rewritten: number;
  /** How many cannot be read or recognized with any key in the settings. */
  unreadable: number;
}

/** A row of a page, as the first key would write it. */
interface Candidate {
  row: Omit<Renewed, 'renewed'>;
  /** The key on which it depends now; null if that key is not in the settings. */
  key: string | null;
  /** Undefined if it cannot be read. */
  renewed: string | undefined;
}

/** A kind of secret that the service can move to another key by itself. */
interface RewritableKind {
  kind: SecretKind;
  pages(): AsyncGenerator<Candidate[]>;
  write(rows: Renewed[]): Promise<number>;
}

/**
 * Reports which secrets depend on which key, and moves secrets to the first key. It cannot move
 * access tokens and sessions, because only their hashes are stored. An access token moves when it is
 * used, and a session expires within an hour.
 */
@Injectable()
export class KeyRotationService {
  private readonly rewritable: RewritableKind[] = [
    {
      kind: 'invitations',
      pages: () => this.invitations(),
      write: (rows) => this.repository.rehashInvitations(rows),
    },
    {
      kind: 'checkout_client_secrets',
      pages: () => this.checkouts(),
      write: (rows) => this.repository.rehashCheckouts(rows),
    },
    {
      kind: 'webhook_secrets',
      pages: () => this.webhookSecrets(),
      write: (rows) => this.repository.resealWebhookSecrets(rows, this.keys.firstId),
    },
  ];

  constructor(
    private readonly repository: KeyRotationRepository,
    private readonly clientSecrets: ClientSecrets,
    private readonly keys: Keys,
    private readonly clock: Clock,
  ) {}

  /** Counts the secrets that depend on each key. Changes nothing. */
  async status(): Promise<KeysStatus> {
    const now = this.clock.now();
    const tokens = await this.repository.accessTokens(now);
    const sessions = await this.repository.sessions(now);
    const secrets: Dependency[] = [
      ...tokens.map(({ key_id, count }) => ({
        kind: 'access_tokens' as const,
        key: key_id,
        count,
      })),
      ...(sessions > 0 ? [{ kind: 'sessions' as const, key: null, count: sessions }] : []),
    ];
    for (const { kind, pages } of this.rewritable) {
      const counts = new Map<string | null, number>();
      for await (const page of pages()) {
        for (const { key } of page) counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      secrets.push(...[...counts].map(([key, count]) => ({ kind, key, count })));
    }
    return { keys: this.keys.ids, secrets };
  }

  /** Moves secrets to the first key. It can be repeated, and it can run while the service runs. */
  async reencrypt(): Promise<Rewritten[]> {
    const done: Rewritten[] = [];
    for (const { kind, pages, write } of this.rewritable) {
      const result = { kind, rewritten: 0, unreadable: 0 };
      for await (const page of pages()) {
        const rows = page.flatMap(({ row, key, renewed }) =>
          renewed === undefined || key === this.keys.firstId ? [] : [{ ...row, renewed }],
        );
        result.rewritten += await write(rows);
        result.unreadable += page.filter(({ renewed }) => renewed === undefined).length;
      }
      done.push(result);
    }
    return done;
  }

  private async *invitations(): AsyncGenerator<Candidate[]> {
    for await (const page of pagesOf<StoredInvitation>((after) =>
      this.repository.invitations(after),
    )) {
      yield page.map((row) => {
        const token = recoverToken(this.keys, row.id, row.nonce, row.stored);
        return this.hashed('invitation-hash', row, token);
      });
    }
  }

  private async *checkouts(): AsyncGenerator<Candidate[]> {
    for await (const page of pagesOf<StoredCheckout>((after) => this.repository.checkouts(after))) {
      yield page.map((row) => {
        const secret = this.clientSecrets.secretOf({ ...row, client_secret_hash: row.stored });
        return this.hashed('client-secret', row, secret);
      });
    }
  }

  private async *webhookSecrets(): AsyncGenerator<Candidate[]> {
    const now = this.clock.now();
    for await (const page of pagesOf<StoredSecret>((after) =>
      this.repository.webhookSecrets(now, after),
    )) {
      yield page.map((row) => {
        const opened = this.tryOpen(row.stored);
        if (opened === undefined) return { row, key: row.key_id, renewed: undefined };
        return {
          row,
          key: opened.keyId,
          renewed: this.keys.encrypt('webhook-secret', opened.text),
        };
      });
    }
  }

  /** The candidate of a secret that is stored as a keyed hash. */
  private hashed(
    purpose: 'invitation-hash' | 'client-secret',
    row: Candidate['row'],
    secret: string | undefined,
  ): Candidate {
    if (secret === undefined) return { row, key: null, renewed: undefined };
    const key = this.keys.signerOf(purpose, secret, row.stored) ?? null;
    return { row, key, renewed: this.keys.sign(purpose, secret) };
  }

  private tryOpen(sealed: string): { text: string; keyId: string } | undefined {
    try {
      return this.keys.open('webhook-secret', sealed);
    } catch {
      return undefined;
    }
  }
}

/** Yields pages until one is empty. */
async function* pagesOf<Row>(
  read: (after: Row | undefined) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let page = await read(undefined);
  while (page.length > 0) {
    yield page;
    page = await read(page.at(-1));
  }
}
