// This file is generated from openapi.json. Change the service, and run npm run openapi.
import type { Client } from 'openapi-fetch';
import { SeatsError } from './errors.ts';
import type {
  Access,
  AlreadyCanceledSubscription,
  AssignedSeat,
  BadRequest,
  BulkAssign,
  BulkAssignResult,
  BulkAssignmentFailed,
  BulkRevoke,
  BulkRevokeResult,
  Checkout,
  CheckoutCreate,
  CheckoutPage,
  CheckoutUpdate,
  Conflict,
  Customer,
  CustomerCreate,
  CustomerNotFound,
  CustomerPage,
  CustomerSeat,
  CustomerSeatClaimResponse,
  CustomerSession,
  CustomerSessionCreate,
  CustomerUpdate,
  EventsList,
  FeatureNotEnabled,
  HeldSubscriptionPage,
  IdempotencyKeyInUse,
  InsufficientScope,
  InternalServerError,
  InvalidInvitationToken,
  InvalidSeatAssignmentRequest,
  InvalidToken,
  Member,
  MemberCreate,
  MemberEmailMismatch,
  MemberNotFound,
  MemberPage,
  MemberUpdate,
  NotPermitted,
  Order,
  OrderCreate,
  OrderPage,
  OrderPut,
  OrderUpdate,
  Organization,
  OrganizationAccessTokenCreate,
  OrganizationAccessTokenCreateResponse,
  OrganizationAccessTokenPage,
  OrganizationUpdate,
  Product,
  ProductCreate,
  ProductPage,
  ProductUpdate,
  QueuedDeliveries,
  RequestBodyTooLarge,
  RequestValidationError,
  ResourceNotFound,
  SeatAlreadyAssigned,
  SeatAlreadyRevoked,
  SeatAssign,
  SeatAssignment,
  SeatClaim,
  SeatClaimInfo,
  SeatNotAvailable,
  SeatNotPending,
  SeatUpdate,
  SeatsAlreadyAssigned,
  SeatsList,
  ServiceUnavailable,
  Subscription,
  SubscriptionCreate,
  SubscriptionPage,
  SubscriptionPut,
  SubscriptionUpdate,
  TooManyRequests,
  Unauthorized,
  WebhookDeliveryPage,
  WebhookEndpoint,
  WebhookEndpointCreate,
  WebhookEndpointPage,
  WebhookEndpointUpdate,
  WebhookEndpointWithSecret,
  WebhookSecretRotate,
  operations,
  paths,
} from './schema.ts';

/** The query of an operation. */
export type QueryOf<Name extends keyof operations> = NonNullable<
  operations[Name]['parameters']['query']
>;

/** The body of every error. Its key error is the name. */
export type ErrorBody =
  | AlreadyCanceledSubscription
  | BadRequest
  | BulkAssignmentFailed
  | Conflict
  | CustomerNotFound
  | FeatureNotEnabled
  | IdempotencyKeyInUse
  | InsufficientScope
  | InternalServerError
  | InvalidInvitationToken
  | InvalidSeatAssignmentRequest
  | InvalidToken
  | MemberEmailMismatch
  | MemberNotFound
  | NotPermitted
  | RequestBodyTooLarge
  | RequestValidationError
  | ResourceNotFound
  | SeatAlreadyAssigned
  | SeatAlreadyRevoked
  | SeatNotAvailable
  | SeatNotPending
  | SeatsAlreadyAssigned
  | ServiceUnavailable
  | TooManyRequests
  | Unauthorized;

/** The options of every request. */
export interface RequestOptions {
  /** Cancels the request. */
  signal?: AbortSignal;
}

/** The options of a request that changes something. */
export interface WriteOptions extends RequestOptions {
  /** Makes it safe to repeat the request: within 24 hours it gets the first response again. */
  idempotencyKey?: string;
}

const keyHeader = ({ idempotencyKey }: WriteOptions) =>
  idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
const init = ({ signal }: RequestOptions) => (signal === undefined ? {} : { signal });

/** A method for each operation of the API. */
export abstract class Operations {
  protected abstract readonly api: Client<paths>;

  /**
   * Assign a seat.
   *
   * Assigns a free seat of a subscription or an order to a person. The seat is pending until the person claims it with the link of the invitation mail, unless `immediate_claim` is set. A pool never has more pending and claimed seats than were bought.
   *
   * | The request names | by exactly one of |
   * |---|---|
   * | the container | `subscription_id`, `order_id`, `checkout_id` |
   * | the person | `email`, `customer_id`, `external_customer_id`, `member_id`, `external_member_id` (this one may go with `email`) |
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} InvalidSeatAssignmentRequest, MemberEmailMismatch, SeatAlreadyAssigned, SeatNotAvailable, FeatureNotEnabled, NotPermitted, CustomerNotFound, MemberNotFound, ResourceNotFound, IdempotencyKeyInUse
   */
  assignSeat(body: SeatAssign, options: WriteOptions & { query?: QueryOf<'assignSeat'> } = {}): Promise<AssignedSeat> {
    return resultOf(
      this.api.POST('/v1/customer-seats', { params: { ...(options.query && { query: options.query }), header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List seats.
   *
   * Lists the seats of a subscription or an order, oldest first. Revoked seats are included.
   *
   * Scope: `customer_seats:read`.
   *
   * @throws {SeatsError} BadRequest, FeatureNotEnabled, ResourceNotFound
   */
  listSeats(query: QueryOf<'listSeats'> = {}, options: RequestOptions = {}): Promise<SeatsList> {
    return resultOf(
      this.api.GET('/v1/customer-seats', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a seat.
   *
   * Scope: `customer_seats:read`.
   *
   * @throws {SeatsError} FeatureNotEnabled, ResourceNotFound
   */
  getSeat(seatId: string, options: RequestOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.GET('/v1/customer-seats/{seat_id}', { params: { path: { seat_id: seatId } }, ...init(options) }),
    );
  }

  /**
   * Change the metadata of a seat.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} SeatAlreadyRevoked, FeatureNotEnabled, ResourceNotFound, IdempotencyKeyInUse
   */
  updateSeat(seatId: string, body: SeatUpdate, options: WriteOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.PATCH('/v1/customer-seats/{seat_id}', { params: { path: { seat_id: seatId }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Revoke a seat.
   *
   * Removes the person from the seat, so that another seat can be assigned. A second request returns the same response and emits no event.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} FeatureNotEnabled, ResourceNotFound, IdempotencyKeyInUse
   */
  revokeSeat(seatId: string, options: WriteOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.DELETE('/v1/customer-seats/{seat_id}', { params: { path: { seat_id: seatId }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Send the invitation again.
   *
   * Renews the invitation of a pending seat with a new token and a new expiry, and mails it. The old link stops working at once. By default, an invitation can be resent once every 60 seconds.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} InvalidInvitationToken, SeatNotPending, FeatureNotEnabled, ResourceNotFound, IdempotencyKeyInUse
   */
  resendInvitation(seatId: string, query: QueryOf<'resendInvitation'> = {}, options: WriteOptions = {}): Promise<AssignedSeat> {
    return resultOf(
      this.api.POST('/v1/customer-seats/{seat_id}/resend', { params: { path: { seat_id: seatId }, query, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Replace the person on a seat.
   *
   * Revokes the seat and assigns a new seat to another person in one step, so that nobody else can take it in between. Returns the new seat.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} InvalidSeatAssignmentRequest, MemberEmailMismatch, SeatAlreadyAssigned, SeatAlreadyRevoked, SeatNotAvailable, FeatureNotEnabled, CustomerNotFound, MemberNotFound, ResourceNotFound, IdempotencyKeyInUse
   */
  replaceSeat(seatId: string, body: SeatAssignment, options: WriteOptions & { query?: QueryOf<'replaceSeat'> } = {}): Promise<AssignedSeat> {
    return resultOf(
      this.api.POST('/v1/customer-seats/{seat_id}/replace', { params: { path: { seat_id: seatId }, ...(options.query && { query: options.query }), header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Assign many seats.
   *
   * Assigns seats of one container to up to 10,000 people. The items are processed in order, like separate requests. Failed items are in `failed`, with the error that a separate request would return. With `mode: "atomic"`, a failed item causes a 400, and nothing is changed.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} BulkAssignmentFailed, FeatureNotEnabled, NotPermitted, ResourceNotFound, IdempotencyKeyInUse
   */
  bulkAssignSeats(body: BulkAssign, options: WriteOptions & { query?: QueryOf<'bulkAssignSeats'> } = {}): Promise<BulkAssignResult> {
    return resultOf(
      this.api.POST('/v1/customer-seats/bulk', { params: { ...(options.query && { query: options.query }), header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Revoke many seats.
   *
   * Revokes seats by `seat_ids`, or seats of a container by `emails` or `all: true`. An id or e-mail without a seat does not affect the others. A seat that was already revoked is in `seats`, but not in `revoked_count`.
   *
   * Scope: `customer_seats:write`.
   *
   * @throws {SeatsError} FeatureNotEnabled, NotPermitted, ResourceNotFound, IdempotencyKeyInUse
   */
  bulkRevokeSeats(body: BulkRevoke, options: WriteOptions = {}): Promise<BulkRevokeResult> {
    return resultOf(
      this.api.POST('/v1/customer-seats/bulk-revoke', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Show an invitation.
   *
   * Returns the product, the organization and the invited person. The request changes nothing. An unknown, expired, used or revoked token is a 404; the response does not tell which.
   *
   * @throws {SeatsError} FeatureNotEnabled, ResourceNotFound
   */
  getClaimInfo(invitationToken: string, options: RequestOptions = {}): Promise<SeatClaimInfo> {
    return resultOf(
      this.api.GET('/v1/customer-seats/claim/{invitation_token}', { params: { path: { invitation_token: invitationToken } }, ...init(options) }),
    );
  }

  /**
   * Claim a seat.
   *
   * Claims the seat of an invitation, and returns the seat with a session for the customer portal. The token works once: of two concurrent claims, exactly one succeeds.
   *
   * @throws {SeatsError} InvalidInvitationToken, SeatNotAvailable, FeatureNotEnabled
   */
  claimSeat(body: SeatClaim, options: RequestOptions = {}): Promise<CustomerSeatClaimResponse> {
    return resultOf(
      this.api.POST('/v1/customer-seats/claim', { body, ...init(options) }),
    );
  }

  /**
   * Check whether a person can use a product.
   *
   * Returns whether a person has access to a product through a claimed seat of a subscription or an order whose status allows assignments. The keys of the person are those of an assignment. An unknown person has no access.
   *
   * Scope: `customer_seats:read`.
   *
   * @throws {SeatsError} FeatureNotEnabled, ResourceNotFound
   */
  checkAccess(query: QueryOf<'checkAccess'>, options: RequestOptions = {}): Promise<Access> {
    return resultOf(
      this.api.GET('/v1/access', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Open the portal for a person.
   *
   * Opens a session of one hour for a customer or one of their members. Send the person to `customer_portal_url`, or call the customer portal’s routes with `token` yourself. The URL opens the portal once, within 15 minutes. Mail scanners and link previews do not use it up.
   *
   * Scope: `customer_sessions:write`.
   *
   * @throws {SeatsError} CustomerNotFound, MemberNotFound, IdempotencyKeyInUse
   */
  createCustomerSession(body: CustomerSessionCreate, options: WriteOptions = {}): Promise<CustomerSession> {
    return resultOf(
      this.api.POST('/v1/customer-sessions', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Assign a seat of a purchase.
   *
   * Assigns a seat, like the route for organizations. The response never contains the invitation. Only the buyer, and customers with the e-mail of one of the buyer’s members, can be named by `customer_id` or `external_customer_id`. Requires the session of a customer, or of a member with the role `owner` or `billing_manager`. The role `member` gets a 403. Seats of other buyers are answered with a 404.
   *
   * @throws {SeatsError} InvalidSeatAssignmentRequest, MemberEmailMismatch, SeatAlreadyAssigned, SeatNotAvailable, FeatureNotEnabled, NotPermitted, CustomerNotFound, MemberNotFound, ResourceNotFound, IdempotencyKeyInUse
   */
  assignPortalSeat(body: SeatAssign, options: WriteOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.POST('/v1/customer-portal/seats', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List the seats of a purchase.
   *
   * Lists the seats of a subscription or an order, like the route for organizations. Requires the session of a customer, or of a member with the role `owner` or `billing_manager`. The role `member` gets a 403. Seats of other buyers are answered with a 404.
   *
   * @throws {SeatsError} BadRequest, FeatureNotEnabled, NotPermitted, ResourceNotFound
   */
  listPortalSeats(query: QueryOf<'listPortalSeats'> = {}, options: RequestOptions = {}): Promise<SeatsList> {
    return resultOf(
      this.api.GET('/v1/customer-portal/seats', { params: { query }, ...init(options) }),
    );
  }

  /**
   * List the subscriptions in which you have a seat.
   *
   * Lists the subscriptions in which the person of the session has a claimed seat, newest first, whether or not the person bought them. Every session can use this route, even when the organization has disabled seats.
   */
  listClaimedSubscriptions(query: QueryOf<'listClaimedSubscriptions'> = {}, options: RequestOptions = {}): Promise<HeldSubscriptionPage> {
    return resultOf(
      this.api.GET('/v1/customer-portal/seats/subscriptions', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Revoke a seat of a purchase.
   *
   * Removes the person from the seat, so that another seat can be assigned. Requires the session of a customer, or of a member with the role `owner` or `billing_manager`. The role `member` gets a 403. Seats of other buyers are answered with a 404.
   *
   * @throws {SeatsError} FeatureNotEnabled, NotPermitted, ResourceNotFound, IdempotencyKeyInUse
   */
  revokePortalSeat(seatId: string, options: WriteOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.DELETE('/v1/customer-portal/seats/{seat_id}', { params: { path: { seat_id: seatId }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Send an invitation again.
   *
   * Renews the invitation of a pending seat. The old link stops working. Requires the session of a customer, or of a member with the role `owner` or `billing_manager`. The role `member` gets a 403. Seats of other buyers are answered with a 404.
   *
   * @throws {SeatsError} InvalidInvitationToken, SeatNotPending, FeatureNotEnabled, NotPermitted, ResourceNotFound, IdempotencyKeyInUse
   */
  resendPortalInvitation(seatId: string, options: WriteOptions = {}): Promise<CustomerSeat> {
    return resultOf(
      this.api.POST('/v1/customer-portal/seats/{seat_id}/resend', { params: { path: { seat_id: seatId }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * List events.
   *
   * Everything that has happened to seats, with the time and the actor. Oldest first; an event never comes before the event that caused it. A client that follows `next_cursor` misses no event, even while new ones are being written.
   *
   * Scope: `events:read`.
   */
  listEvents(query: QueryOf<'listEvents'> = {}, options: RequestOptions = {}): Promise<EventsList> {
    return resultOf(
      this.api.GET('/v1/events', { params: { query }, ...init(options) }),
    );
  }

  /**
   * List the events of a seat.
   *
   * The events of one seat, with their times and actors; oldest first.
   *
   * Scope: `customer_seats:read`.
   *
   * @throws {SeatsError} FeatureNotEnabled, ResourceNotFound
   */
  listSeatEvents(seatId: string, query: QueryOf<'listSeatEvents'> = {}, options: RequestOptions = {}): Promise<EventsList> {
    return resultOf(
      this.api.GET('/v1/customer-seats/{seat_id}/events', { params: { path: { seat_id: seatId }, query }, ...init(options) }),
    );
  }

  /**
   * Create a webhook endpoint.
   *
   * The response contains the secret that signs the deliveries; it is not shown again. Events of the endpoint’s types are sent to it from now on. The webhooks section of this description shows their payloads and how to verify them. An organization can have 50 endpoints.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} Conflict, IdempotencyKeyInUse
   */
  createWebhookEndpoint(body: WebhookEndpointCreate, options: WriteOptions = {}): Promise<WebhookEndpointWithSecret> {
    return resultOf(
      this.api.POST('/v1/webhooks/endpoints', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List webhook endpoints.
   *
   * The URLs that events are sent to. Secrets are not shown.
   *
   * Scope: `webhooks:read`.
   */
  listWebhookEndpoints(query: QueryOf<'listWebhookEndpoints'> = {}, options: RequestOptions = {}): Promise<WebhookEndpointPage> {
    return resultOf(
      this.api.GET('/v1/webhooks/endpoints', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a webhook endpoint.
   *
   * Without its secret.
   *
   * Scope: `webhooks:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getWebhookEndpoint(id: string, options: RequestOptions = {}): Promise<WebhookEndpoint> {
    return resultOf(
      this.api.GET('/v1/webhooks/endpoints/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a webhook endpoint.
   *
   * Events that were queued when an endpoint was disabled are sent when it is enabled again. Events that happen while it is disabled are not sent: read them with `GET /v1/events`, or send them again. A new `url` and new `events` also apply to queued events: they go to the new URL, and those of a type that is no longer listed are not sent.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  updateWebhookEndpoint(id: string, body: WebhookEndpointUpdate, options: WriteOptions = {}): Promise<WebhookEndpoint> {
    return resultOf(
      this.api.PATCH('/v1/webhooks/endpoints/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Delete a webhook endpoint.
   *
   * Also deletes its deliveries.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  deleteWebhookEndpoint(id: string, options: WriteOptions = {}): Promise<void> {
    return resultOf<void>(
      this.api.DELETE('/v1/webhooks/endpoints/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Replace the secret of a webhook endpoint.
   *
   * The old secret stays valid for 24 hours: until then every delivery carries signatures of both secrets. The new secret is not shown again.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  rotateWebhookSecret(id: string, body: WebhookSecretRotate = {}, options: WriteOptions = {}): Promise<WebhookEndpointWithSecret> {
    return resultOf(
      this.api.PATCH('/v1/webhooks/endpoints/{id}/secret', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Send a test delivery.
   *
   * Sends sample data of one of the endpoint’s own types, with `seat_metadata: {"test": true}`. It is a delivery, not an event.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  testWebhookEndpoint(id: string, options: WriteOptions = {}): Promise<QueuedDeliveries> {
    return resultOf(
      this.api.POST('/v1/webhooks/endpoints/{id}/test', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * List deliveries.
   *
   * Every attempt and its result, newest first, within the retention period.
   *
   * Scope: `webhooks:read`.
   */
  listWebhookDeliveries(query: QueryOf<'listWebhookDeliveries'> = {}, options: RequestOptions = {}): Promise<WebhookDeliveryPage> {
    return resultOf(
      this.api.GET('/v1/webhooks/deliveries', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Send an event again.
   *
   * Sends it to every enabled endpoint that listens for its type, with the same `webhook-id`, even if the endpoint has received it before.
   *
   * Scope: `webhooks:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  redeliverWebhookEvent(id: string, options: WriteOptions = {}): Promise<QueuedDeliveries> {
    return resultOf(
      this.api.POST('/v1/webhooks/events/{id}/redeliver', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Create a product.
   *
   * Subscriptions and orders sell seats of a product. Invitations show its name.
   *
   * Scope: `products:write`.
   *
   * @throws {SeatsError} Conflict, IdempotencyKeyInUse
   */
  createProduct(body: ProductCreate, options: WriteOptions = {}): Promise<Product> {
    return resultOf(
      this.api.POST('/v1/products', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List products.
   *
   * Newest first. Deleted products are not shown.
   *
   * Scope: `products:read`.
   */
  listProducts(query: QueryOf<'listProducts'> = {}, options: RequestOptions = {}): Promise<ProductPage> {
    return resultOf(
      this.api.GET('/v1/products', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a product by its external_id.
   *
   * The product that you gave this external_id.
   *
   * Scope: `products:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getProductByExternalId(externalId: string, options: RequestOptions = {}): Promise<Product> {
    return resultOf(
      this.api.GET('/v1/products/external/{external_id}', { params: { path: { external_id: externalId } }, ...init(options) }),
    );
  }

  /**
   * Get a product.
   *
   * The product with this id.
   *
   * Scope: `products:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getProduct(id: string, options: RequestOptions = {}): Promise<Product> {
    return resultOf(
      this.api.GET('/v1/products/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a product.
   *
   * Keys that are not sent stay as they are; null clears a nullable key.
   *
   * Scope: `products:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateProduct(id: string, body: ProductUpdate, options: WriteOptions = {}): Promise<Product> {
    return resultOf(
      this.api.PATCH('/v1/products/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Delete a product.
   *
   * Returns the product as it was. Its external_id can be used again, its id cannot. A product of which people may hold seats cannot be deleted: 409 while a subscription of it has not ended, or an order of it gives seats. Archive it instead.
   *
   * Scope: `products:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  deleteProduct(id: string, options: WriteOptions = {}): Promise<Product> {
    return resultOf(
      this.api.DELETE('/v1/products/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Create a customer.
   *
   * A customer buys seats. With an e-mail it gets an owner, a member with the same e-mail.
   *
   * Scope: `customers:write`.
   *
   * @throws {SeatsError} Conflict, IdempotencyKeyInUse
   */
  createCustomer(body: CustomerCreate, options: WriteOptions = {}): Promise<Customer> {
    return resultOf(
      this.api.POST('/v1/customers', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List customers.
   *
   * Newest first. Deleted customers are not shown.
   *
   * Scope: `customers:read`.
   */
  listCustomers(query: QueryOf<'listCustomers'> = {}, options: RequestOptions = {}): Promise<CustomerPage> {
    return resultOf(
      this.api.GET('/v1/customers', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a customer by its external_id.
   *
   * The customer that you gave this external_id.
   *
   * Scope: `customers:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getCustomerByExternalId(externalId: string, options: RequestOptions = {}): Promise<Customer> {
    return resultOf(
      this.api.GET('/v1/customers/external/{external_id}', { params: { path: { external_id: externalId } }, ...init(options) }),
    );
  }

  /**
   * Get a customer.
   *
   * The customer with this id.
   *
   * Scope: `customers:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getCustomer(id: string, options: RequestOptions = {}): Promise<Customer> {
    return resultOf(
      this.api.GET('/v1/customers/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a customer.
   *
   * Keys that are not sent stay as they are; null clears a nullable key. A new e-mail is written to the owner and to the seats of the owner too. If the customer holds a seat that another customer bought, that seat and its member are updated as well, unless the buyer already has a member with the new e-mail. Pending invitations are renewed and mailed to the new e-mail.
   *
   * Scope: `customers:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateCustomer(id: string, body: CustomerUpdate, options: WriteOptions = {}): Promise<Customer> {
    return resultOf(
      this.api.PATCH('/v1/customers/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Delete a customer.
   *
   * Erases the customer and their members, and returns the customer as they were. Revokes the seats that they or their members hold. Their orders allow no more assignments. 409 while one of their subscriptions has not ended.
   *
   * Scope: `customers:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  deleteCustomer(id: string, options: WriteOptions = {}): Promise<Customer> {
    return resultOf(
      this.api.DELETE('/v1/customers/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Create a member.
   *
   * A member is a person of a customer. Assigning a seat to an e-mail creates members too.
   *
   * Scope: `members:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  createMember(body: MemberCreate, options: WriteOptions = {}): Promise<Member> {
    return resultOf(
      this.api.POST('/v1/members', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List members.
   *
   * Newest first; all members, or those of a customer. Deleted members are not shown.
   *
   * Scope: `members:read`.
   */
  listMembers(query: QueryOf<'listMembers'> = {}, options: RequestOptions = {}): Promise<MemberPage> {
    return resultOf(
      this.api.GET('/v1/members', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a member by its external_id.
   *
   * The member of the customer that you gave this external_id.
   *
   * Scope: `members:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getMemberByExternalId(externalId: string, query: QueryOf<'getMemberByExternalId'>, options: RequestOptions = {}): Promise<Member> {
    return resultOf(
      this.api.GET('/v1/members/external/{external_id}', { params: { path: { external_id: externalId }, query }, ...init(options) }),
    );
  }

  /**
   * Get a member.
   *
   * The member with this id.
   *
   * Scope: `members:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getMember(id: string, options: RequestOptions = {}): Promise<Member> {
    return resultOf(
      this.api.GET('/v1/members/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a member.
   *
   * Keys that are not sent stay as they are; null clears a nullable key. The seats that the member holds get a new e-mail too, with an event `customer_seat.updated` for each. A pending invitation is renewed: the old link stops working, a new one is mailed to the new e-mail, and an event `customer_seat.invitation_resent` follows.
   *
   * Scope: `members:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateMember(id: string, body: MemberUpdate, options: WriteOptions = {}): Promise<Member> {
    return resultOf(
      this.api.PATCH('/v1/members/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Delete a member.
   *
   * Erases the member, revokes the seats that they hold, and returns the member as they were.
   *
   * Scope: `members:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  deleteMember(id: string, options: WriteOptions = {}): Promise<Member> {
    return resultOf(
      this.api.DELETE('/v1/members/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Create a subscription.
   *
   * Records a recurring purchase of seats, and creates its pool. Seats can be assigned if the status allows it.
   *
   * Scope: `subscriptions:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  createSubscription(body: SubscriptionCreate, options: WriteOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.POST('/v1/subscriptions', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List subscriptions.
   *
   * Newest first, ended ones included.
   *
   * Scope: `subscriptions:read`.
   */
  listSubscriptions(query: QueryOf<'listSubscriptions'> = {}, options: RequestOptions = {}): Promise<SubscriptionPage> {
    return resultOf(
      this.api.GET('/v1/subscriptions', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Create or change a subscription by its external_id.
   *
   * Creates the subscription with this external_id (201), or changes it where it differs from the body (200). Repeating the request changes nothing and writes no event; concurrent requests all succeed. `product` and `customer` may be given inline, and are created or changed by their external_id. Keys that are not sent, or null, stay as they are. The product can always be replaced by another one, the customer only while no seats are assigned. `on_overflow` decides what happens when `seats` is lower than the number of assigned seats. A subscription that has ended cannot be changed: a request that would change it is a 403. Repeating the request that scheduled its cancellation is not a change.
   *
   * Scope: `subscriptions:write`.
   *
   * @throws {SeatsError} SeatsAlreadyAssigned, AlreadyCanceledSubscription, NotPermitted, ResourceNotFound, Conflict
   */
  putSubscription(externalId: string, body: SubscriptionPut, options: RequestOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.PUT('/v1/subscriptions/external/{external_id}', { params: { path: { external_id: externalId } }, body, ...init(options) }),
    );
  }

  /**
   * Get a subscription by its external_id.
   *
   * The subscription that you gave this external_id.
   *
   * Scope: `subscriptions:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getSubscriptionByExternalId(externalId: string, options: RequestOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.GET('/v1/subscriptions/external/{external_id}', { params: { path: { external_id: externalId } }, ...init(options) }),
    );
  }

  /**
   * Get a subscription.
   *
   * The subscription with this id.
   *
   * Scope: `subscriptions:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getSubscription(id: string, options: RequestOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.GET('/v1/subscriptions/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a subscription.
   *
   * Keys that are not sent stay as they are; null clears a nullable key. `seats` changes the size of the pool. `on_overflow` decides what happens when it is lower than the number of assigned seats. `status: canceled` ends the subscription and revokes every pending and claimed seat. `cancel_at_period_end: true` does so at the end of the period, or at once if the period is over. An ended subscription cannot be changed. Sending its current status again is allowed.
   *
   * Scope: `subscriptions:write`.
   *
   * @throws {SeatsError} SeatsAlreadyAssigned, AlreadyCanceledSubscription, NotPermitted, ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateSubscription(id: string, body: SubscriptionUpdate, options: WriteOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.PATCH('/v1/subscriptions/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * End a subscription.
   *
   * Ends the subscription now, as `status: canceled` does, and revokes its seats. It can still be read. The request can be repeated.
   *
   * Scope: `subscriptions:write`.
   *
   * @throws {SeatsError} NotPermitted, ResourceNotFound, IdempotencyKeyInUse
   */
  cancelSubscription(id: string, options: WriteOptions = {}): Promise<Subscription> {
    return resultOf(
      this.api.DELETE('/v1/subscriptions/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }

  /**
   * Create an order.
   *
   * Records a one-time purchase of seats, and creates its pool. Seats can be assigned if the status allows it.
   *
   * Scope: `orders:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  createOrder(body: OrderCreate, options: WriteOptions = {}): Promise<Order> {
    return resultOf(
      this.api.POST('/v1/orders', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List orders.
   *
   * Newest first.
   *
   * Scope: `orders:read`.
   */
  listOrders(query: QueryOf<'listOrders'> = {}, options: RequestOptions = {}): Promise<OrderPage> {
    return resultOf(
      this.api.GET('/v1/orders', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Create or change an order by its external_id.
   *
   * Creates the order with this external_id (201), or changes it where it differs from the body (200). Repeating the request changes nothing and writes no event; concurrent requests all succeed. `product` and `customer` may be given inline, and are created or changed by their external_id. Keys that are not sent, or null, stay as they are. The product can always be replaced by another one, the customer only while no seats are assigned. `on_overflow` decides what happens when `seats` is lower than the number of assigned seats. Only the metadata of a refunded or void order can be changed; other changes are a 403. An order whose customer was deleted cannot get a status that allows assignments: 403, unless the body names another customer.
   *
   * Scope: `orders:write`.
   *
   * @throws {SeatsError} SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict
   */
  putOrder(externalId: string, body: OrderPut, options: RequestOptions = {}): Promise<Order> {
    return resultOf(
      this.api.PUT('/v1/orders/external/{external_id}', { params: { path: { external_id: externalId } }, body, ...init(options) }),
    );
  }

  /**
   * Get an order by its external_id.
   *
   * The order that you gave this external_id.
   *
   * Scope: `orders:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getOrderByExternalId(externalId: string, options: RequestOptions = {}): Promise<Order> {
    return resultOf(
      this.api.GET('/v1/orders/external/{external_id}', { params: { path: { external_id: externalId } }, ...init(options) }),
    );
  }

  /**
   * Get an order.
   *
   * The order with this id.
   *
   * Scope: `orders:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getOrder(id: string, options: RequestOptions = {}): Promise<Order> {
    return resultOf(
      this.api.GET('/v1/orders/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change an order.
   *
   * Keys that are not sent stay as they are; null clears a nullable key. `seats` changes the size of the pool. `on_overflow` decides what happens when it is lower than the number of assigned seats. `status: refunded` and `void` are final and revoke every pending and claimed seat; then only external_id and metadata can be changed. Sending the current status again is allowed. An order whose customer was deleted allows no more assignments: `status: paid` is a 403 then.
   *
   * Scope: `orders:write`.
   *
   * @throws {SeatsError} SeatsAlreadyAssigned, NotPermitted, ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateOrder(id: string, body: OrderUpdate, options: WriteOptions = {}): Promise<Order> {
    return resultOf(
      this.api.PATCH('/v1/orders/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Create a checkout.
   *
   * A checkout is a sale in progress. Once it has succeeded, seats can be assigned by `checkout_id`: those of its subscription, or else of its earliest order.
   *
   * Scope: `checkouts:write`.
   *
   * @throws {SeatsError} ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  createCheckout(body: CheckoutCreate, options: WriteOptions = {}): Promise<Checkout> {
    return resultOf(
      this.api.POST('/v1/checkouts', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List checkouts.
   *
   * Newest first.
   *
   * Scope: `checkouts:read`.
   */
  listCheckouts(query: QueryOf<'listCheckouts'> = {}, options: RequestOptions = {}): Promise<CheckoutPage> {
    return resultOf(
      this.api.GET('/v1/checkouts', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Get a checkout by its external_id.
   *
   * The checkout that you gave this external_id.
   *
   * Scope: `checkouts:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getCheckoutByExternalId(externalId: string, options: RequestOptions = {}): Promise<Checkout> {
    return resultOf(
      this.api.GET('/v1/checkouts/external/{external_id}', { params: { path: { external_id: externalId } }, ...init(options) }),
    );
  }

  /**
   * Get a checkout.
   *
   * The checkout with this id.
   *
   * Scope: `checkouts:read`.
   *
   * @throws {SeatsError} ResourceNotFound
   */
  getCheckout(id: string, options: RequestOptions = {}): Promise<Checkout> {
    return resultOf(
      this.api.GET('/v1/checkouts/{id}', { params: { path: { id } }, ...init(options) }),
    );
  }

  /**
   * Change a checkout.
   *
   * Keys that are not sent stay as they are; null clears a nullable key. `succeeded`, `failed` and `expired` are final. Sending the current status again is allowed.
   *
   * Scope: `checkouts:write`.
   *
   * @throws {SeatsError} NotPermitted, ResourceNotFound, Conflict, IdempotencyKeyInUse
   */
  updateCheckout(id: string, body: CheckoutUpdate, options: WriteOptions = {}): Promise<Checkout> {
    return resultOf(
      this.api.PATCH('/v1/checkouts/{id}', { params: { path: { id }, header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Get your organization.
   *
   * Returns the organization that the token belongs to, with its settings.
   *
   * Scope: `organization:read`.
   */
  getOrganization(options: RequestOptions = {}): Promise<Organization> {
    return resultOf(
      this.api.GET('/v1/organization', { ...init(options) }),
    );
  }

  /**
   * Change your organization.
   *
   * Omitted keys keep their values, including those within `settings` and `settings.brand`; null clears a nullable key. Pending invitations keep their expiry.
   *
   * Scope: `organization:write`.
   *
   * @throws {SeatsError} Conflict, IdempotencyKeyInUse
   */
  updateOrganization(body: OrganizationUpdate, options: WriteOptions = {}): Promise<Organization> {
    return resultOf(
      this.api.PATCH('/v1/organization', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * Create an access token.
   *
   * Only this response shows the token, because the service stores a hash of it. The new token can only have scopes that the calling token has; others are a 403 `insufficient_scope`. It never outlives the calling token: it expires no later, and is revoked with it.
   *
   * Scope: `organization_access_tokens:write`.
   *
   * @throws {SeatsError} NotPermitted, IdempotencyKeyInUse
   */
  createAccessToken(body: OrganizationAccessTokenCreate, options: WriteOptions = {}): Promise<OrganizationAccessTokenCreateResponse> {
    return resultOf(
      this.api.POST('/v1/organization-access-tokens', { params: { header: keyHeader(options) }, body, ...init(options) }),
    );
  }

  /**
   * List access tokens.
   *
   * Lists tokens, newest first. Includes expired tokens, but not revoked ones.
   *
   * Scope: `organization_access_tokens:read`.
   */
  listAccessTokens(query: QueryOf<'listAccessTokens'> = {}, options: RequestOptions = {}): Promise<OrganizationAccessTokenPage> {
    return resultOf(
      this.api.GET('/v1/organization-access-tokens', { params: { query }, ...init(options) }),
    );
  }

  /**
   * Revoke an access token.
   *
   * The token stops working at once on the process that serves this request, and within 5 seconds on all others. The tokens that it created are revoked with it, and so on. A token can revoke itself. A token with scopes that the calling token lacks is a 403 `insufficient_scope`. A token that was already revoked is a 404.
   *
   * Scope: `organization_access_tokens:write`.
   *
   * @throws {SeatsError} ResourceNotFound, IdempotencyKeyInUse
   */
  revokeAccessToken(id: string, options: WriteOptions = {}): Promise<void> {
    return resultOf<void>(
      this.api.DELETE('/v1/organization-access-tokens/{id}', { params: { path: { id }, header: keyHeader(options) }, ...init(options) }),
    );
  }
}

/** The body of a successful response. @throws {SeatsError} */
async function resultOf<Data>(
  request: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await request;
  if (!response.ok) throw new SeatsError(response, error);
  return data as Data;
}
