import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { EventType } from '../events/event.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import {
  type ApiError,
  Conflict,
  noSuch,
  problem,
  RequestValidationError,
} from '../platform/errors.js';
import type { Caller } from '../platform/caller.js';
import { isAllowedAddress } from '../platform/net/addresses.js';
import type { PageQuery, Paginated } from '../platform/http/pagination.js';
import { type EndpointRow, EndpointsRepository } from './endpoints.repository.js';
import { sampleData } from './sample.js';
import { DEFAULT_EVENTS, isSecret, newSecret, SECRET_OVERLAP_MS } from './webhook.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { FIELD } from '../platform/sentences.js';
import { NO_PASSWORD } from '../platform/url.js';

// Each event creates one message per endpoint. Without a limit, one tenant's messages could delay
// everyone else's.
const MAX_ENDPOINTS = 50;

export interface NewEndpoint {
  /** By default, a random one. Clients of the API cannot choose it. */
  id?: string;
  url: string;
  events?: EventType[];
  description?: string;
  secret?: string;
}

export interface EndpointChanges {
  url?: string;
  events?: EventType[];
  description?: string | null;
  enabled?: boolean;
}

/** An endpoint with its new secret. The secret is shown only in the response that creates it. */
export type EndpointWithSecret = EndpointRow & { secret: string };

/** The `webhook-id` of queued deliveries, and the number of endpoints that get one. */
export interface Queued {
  event_id: string;
  endpoints: number;
}

/** Manages the webhook endpoints of an organization. */
@Injectable()
export class EndpointsService {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly webhooks: WebhooksRepository,
    private readonly database: Database,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  page(caller: Caller, query: PageQuery): Promise<Paginated<EndpointRow>> {
    return this.endpoints.page(caller.organizationId, query);
  }

  /** @throws {ResourceNotFound} */
  async get(caller: Caller, id: string): Promise<EndpointRow> {
    const endpoint = await this.endpoints.find(caller.organizationId, id);
    if (endpoint === null) throw notFound(id);
    return endpoint;
  }

  /**
   * @throws {RequestValidationError} for a forbidden URL or a malformed secret; {Conflict} if the
   *   organization has the maximum number of endpoints.
   */
  async create(caller: Caller, input: NewEndpoint): Promise<EndpointWithSecret> {
    this.checkUrl(input.url);
    checkSecret(input.secret);
    const secret = input.secret ?? newSecret();
    return this.database.transaction(async () => {
      await this.database.lockName('endpoints', caller.organizationId);
      if ((await this.endpoints.count(caller.organizationId)) >= MAX_ENDPOINTS) {
        throw new Conflict(
          `An organization can have at most ${MAX_ENDPOINTS} webhook endpoints. Delete one first.`,
        );
      }
      const endpoint = await this.endpoints.insert({
        organization_id: caller.organizationId,
        id: input.id ?? randomUUID(),
        created_at: this.clock.now(),
        url: input.url,
        description: input.description ?? null,
        events: [...new Set(input.events ?? DEFAULT_EVENTS)],
      });
      await this.addSecret(endpoint, secret);
      return { ...endpoint, secret };
    });
  }

  /**
   * Enabling an endpoint clears the reason why it was disabled, and its queued messages are sent. A
   * new URL and new types also apply to queued messages: those of a type that is no longer listed
   * are dropped.
   * @throws {ResourceNotFound}; {RequestValidationError} for a forbidden URL.
   */
  async update(caller: Caller, id: string, changes: EndpointChanges): Promise<EndpointRow> {
    if (changes.url !== undefined) this.checkUrl(changes.url);
    const enabling = changes.enabled === true && { disabled_reason: null, failing_since: null };
    const events = changes.events && { events: [...new Set(changes.events)] };
    const data = { ...changes, ...events, ...enabling, modified_at: this.clock.now() };
    const endpoint = await this.endpoints.update(caller.organizationId, id, data);
    if (endpoint === undefined) throw notFound(id);
    return endpoint;
  }

  /** Also deletes its deliveries. @throws {ResourceNotFound} */
  async delete(caller: Caller, id: string): Promise<void> {
    if (!(await this.endpoints.delete(caller.organizationId, id))) throw notFound(id);
  }

  /** Sets a new secret. The old one also signs for another 24 hours. @throws {ResourceNotFound} */
  async rotateSecret(
    caller: Caller,
    id: string,
    secret = newSecret(),
  ): Promise<EndpointWithSecret> {
    checkSecret(secret);
    return this.database.transaction(async () => {
      const now = this.clock.now();
      const changed = { modified_at: now };
      const endpoint = await this.endpoints.update(caller.organizationId, id, changed);
      if (endpoint === undefined) throw notFound(id);
      const until = new Date(now.getTime() + SECRET_OVERLAP_MS);
      await this.endpoints.retireSecrets(caller.organizationId, id, until, now);
      await this.addSecret(endpoint, secret);
      return { ...endpoint, secret };
    });
  }

  /**
   * Sends sample data of one of the endpoint's own types. This is a delivery, not an event: it is not
   * in the event stream and cannot be sent again.
   * @throws {ResourceNotFound}; {Conflict} for a disabled endpoint.
   */
  async test(caller: Caller, id: string): Promise<Queued> {
    const { organizationId } = caller;
    const endpoint = await this.get(caller, id);
    if (!endpoint.enabled) throw new Conflict('The endpoint is disabled. Enable it first.');
    const now = this.clock.now();
    const event_id = randomUUID();
    const event_type = endpoint.events[0] as EventType;
    await this.endpoints.addMessage({
      organization_id: organizationId,
      id: randomUUID(),
      endpoint_id: id,
      event_id,
      event_type,
      created_at: now,
      next_attempt_at: now,
      sample: sampleData(event_type, now),
    });
    return { event_id, endpoints: 1 };
  }

  /** @throws {ResourceNotFound} if the event does not exist. */
  async redeliver({ organizationId }: Caller, eventId: string): Promise<Queued> {
    if (!(await this.webhooks.hasEvent(organizationId, eventId))) {
      throw noSuch('event', eventId);
    }
    const endpoints = await this.webhooks.reopen(organizationId, eventId, this.clock.now());
    return { event_id: eventId, endpoints };
  }

  private async addSecret(endpoint: EndpointRow, secret: string): Promise<void> {
    await this.endpoints.addSecret({
      organization_id: endpoint.organization_id,
      id: randomUUID(),
      endpoint_id: endpoint.id,
      created_at: this.clock.now(),
      sealed: this.keys.encrypt('webhook-secret', secret),
      key_id: this.keys.firstId,
    });
  }

  /** Checks the URL itself. The address that its host name resolves to is checked on every call. */
  private checkUrl(text: string): void {
    const refuse = (msg: string) =>
      RequestValidationError.at(['body', 'url'], problem('value_error', msg), text);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const schemes = this.settings.production ? ['https:'] : ['https:', 'http:'];
    if (url === undefined || !schemes.includes(url.protocol)) {
      throw refuse(
        `${FIELD} must be a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}.`,
      );
    }
    if (url.username !== '' || url.password !== '') {
      throw refuse(NO_PASSWORD);
    }
    const address = addressIn(url);
    if (address !== undefined && !isAllowedAddress(address, this.settings.webhookAllowPrivate)) {
      const isRemedied = !this.settings.production && isAllowedAddress(address, true);
      const remedy = isRemedied ? ' In development, WEBHOOK_ALLOW_PRIVATE=true allows it.' : '';
      throw refuse(`${FIELD} must not lead to a private, link-local or reserved address.${remedy}`);
    }
  }
}

/** The address that a URL names, also as localhost; undefined for any other name. */
function addressIn({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return host;
  return /(^|\.)localhost$/.test(host) ? '127.0.0.1' : undefined;
}

/** The error does not echo the value, because it is a secret. */
function checkSecret(secret: string | undefined): void {
  if (secret === undefined || isSecret(secret)) return;
  const msg = `${FIELD} must be whsec_ and the base64 of 24 to 64 bytes.`;
  throw RequestValidationError.at(['body', 'secret'], problem('value_error', msg));
}

function notFound(id: string): ApiError {
  return noSuch('webhook endpoint', id);
}
