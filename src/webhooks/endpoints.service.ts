import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { EventType } from '../events/event.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys } from '../platform/crypto.js';
import { Database } from '../platform/database/database.js';
import { problem, Conflict, RequestValidationError, ResourceNotFound } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { isAllowedAddress } from '../platform/net/addresses.js';
import type { Page, PageQuery } from '../platform/http/pages.js';
import { type EndpointRow, EndpointsRepository } from './endpoints.repository.js';
import { sampleData } from './sample.js';
import { DEFAULT_EVENTS, isSecret, newSecret, SECRET_OVERLAP_MS } from './webhook.js';
import { WebhooksRepository } from './webhooks.repository.js';

// Each event becomes a message for each: without an end one tenant's would hold up everybody's.
const MAX_ENDPOINTS = 50;

export interface NewEndpoint {
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

/** An endpoint whose secret was just made: the only moment at which it is shown. */
export type EndpointWithSecret = EndpointRow & { secret: string };

/** What was put into the queue. */
export interface Queued {
  event_id: string;
  endpoints: number;
}

/** Where an organization wants to be told. */
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

  page(caller: Caller, query: PageQuery): Promise<Page<EndpointRow>> {
    return this.endpoints.page(caller.organizationId, query);
  }

  /** @throws {ResourceNotFound} */
  async get(caller: Caller, id: string): Promise<EndpointRow> {
    const endpoint = await this.endpoints.find(caller.organizationId, id);
    if (endpoint === null) throw notFound();
    return endpoint;
  }

  /**
   * @throws {RequestValidationError} for a url that nothing may be sent to, or a bad secret;
   *   {Conflict} the organization has as many endpoints as it can have.
   */
  async create(caller: Caller, input: NewEndpoint): Promise<EndpointWithSecret> {
    this.checkUrl(input.url);
    checkSecret(input.secret);
    const secret = input.secret ?? newSecret();
    return this.database.transaction(async () => {
      await this.database.lockName('endpoints', caller.organizationId);
      if ((await this.endpoints.count(caller.organizationId)) >= MAX_ENDPOINTS) {
        throw new Conflict(`An organization can have ${MAX_ENDPOINTS} webhook endpoints.`);
      }
      const endpoint = await this.endpoints.insert({
        organization_id: caller.organizationId,
        id: randomUUID(),
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
   * Enabling an endpoint forgets why it was disabled; what has waited for it goes out. What waits
   * goes to the new url, and not at all if it is of a type that is not wanted any more.
   * @throws {ResourceNotFound}; {RequestValidationError} for a url that nothing may be sent to.
   */
  async update(caller: Caller, id: string, changes: EndpointChanges): Promise<EndpointRow> {
    if (changes.url !== undefined) this.checkUrl(changes.url);
    const enabling = changes.enabled === true && { disabled_reason: null, failing_since: null };
    const events = changes.events && { events: [...new Set(changes.events)] };
    const data = { ...changes, ...events, ...enabling, modified_at: this.clock.now() };
    const endpoint = await this.endpoints.update(caller.organizationId, id, data);
    if (endpoint === undefined) throw notFound();
    return endpoint;
  }

  /** Its deliveries go with it. @throws {ResourceNotFound} */
  async delete(caller: Caller, id: string): Promise<void> {
    if (!(await this.endpoints.delete(caller.organizationId, id))) throw notFound();
  }

  /** A new secret; the one before keeps signing beside it for a day. @throws {ResourceNotFound} */
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
      if (endpoint === undefined) throw notFound();
      const until = new Date(now.getTime() + SECRET_OVERLAP_MS);
      await this.endpoints.retireSecrets(caller.organizationId, id, until, now);
      await this.addSecret(endpoint, secret);
      return { ...endpoint, secret };
    });
  }

  /**
   * Sends sample data of one of the endpoint's own types. A delivery, not an event: the stream does
   * not have it, and it cannot be sent again.
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

  /** @throws {ResourceNotFound} there is no such event. */
  async redeliver({ organizationId }: Caller, eventId: string): Promise<Queued> {
    if (!(await this.webhooks.hasEvent(organizationId, eventId))) {
      throw new ResourceNotFound('There is no such event.');
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
    });
  }

  /** What is plain from the address alone; what a name leads to is checked when it is called. */
  private checkUrl(text: string): void {
    const refuse = (msg: string) =>
      RequestValidationError.at(['body', 'url'], problem('value_error', msg), text);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const schemes = this.settings.production ? ['https:'] : ['https:', 'http:'];
    if (url === undefined || !schemes.includes(url.protocol)) {
      throw refuse(`Input should be a URL with ${schemes.join(' or ')}`);
    }
    if (url.username !== '' || url.password !== '') {
      throw refuse('The URL should have no user name or password');
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isAllowedAddress(host, this.settings.webhookAllowPrivate)) {
      throw refuse('This address is private, link-local or reserved');
    }
  }
}

/** The value is a secret: it is not echoed. */
function checkSecret(secret: string | undefined): void {
  if (secret === undefined || isSecret(secret)) return;
  const msg = 'Input should be whsec_ and the base64 of 24 to 64 bytes';
  throw RequestValidationError.at(['body', 'secret'], problem('value_error', msg));
}

function notFound(): ResourceNotFound {
  return new ResourceNotFound('There is no such webhook endpoint.');
}

type ResourceNotFound = InstanceType<typeof ResourceNotFound>;
