/*
 * The evidence of a run: the requests of the clients with their answers, the faults, and the contents
 * of the database, the mail server and the webhook receiver in the end. Times are in ms since 1970.
 */

/** The kinds of requests, with the types of events that each of them may cause. */
export const OPERATIONS = {
  assign: ['customer_seat.assigned', 'customer_seat.claimed'],
  bulk: ['customer_seat.assigned', 'customer_seat.claimed'],
  'atomic bulk': ['customer_seat.assigned', 'customer_seat.claimed'],
  claim: ['customer_seat.claimed'],
  revoke: ['customer_seat.revoked'],
  'bulk revoke': ['customer_seat.revoked'],
  replace: ['customer_seat.revoked', 'customer_seat.assigned', 'customer_seat.claimed'],
  resend: ['customer_seat.invitation_resent'],
  'change a seat': ['customer_seat.updated'],
  resize: ['subscription.seats_changed', 'order.seats_changed', 'customer_seat.revoked'],
  cancel: ['customer_seat.revoked'],
  'put a purchase': ['subscription.seats_changed', 'customer_seat.revoked'],
  'delete a member': ['customer_seat.revoked'],
  'create an object': [],
  'change an object': [],
} as const satisfies Record<string, readonly string[]>;

export type Operation = keyof typeof OPERATIONS;

/** A request and its answer. */
export interface Call {
  /** Its X-Request-Id, which the events of its change carry. */
  id: string;
  operation: Operation;
  method: string;
  path: string;
  body?: any;
  /** Its Idempotency-Key. */
  key?: string;
  startedAt: number;
  endedAt: number;
  /** `none`: no answer came, so the outcome is unknown. */
  status: number | 'none';
  answer?: any;
  /** Whether the answer was that of an earlier call with the same key. */
  replayed?: boolean;
}

export type FaultKind =
  | 'API killed'
  | 'worker killed'
  | 'Redis killed'
  | 'Redis wiped'
  | 'PostgreSQL crashed'
  | 'answers lost'
  | 'receiver refused'
  | 'mail server refused';

/** Something that was broken, until it worked again. */
export interface Fault {
  kind: FaultKind;
  at: number;
  until: number;
}

/** A row of `events`. */
export interface EventRow {
  id: string;
  position: number;
  sequence: number | null;
  created_at: number;
  type: string;
  actor_type: string;
  request_id: string | null;
  reason: string | null;
  replaced_by: string | null;
  pool_id: string | null;
  seat_id: string | null;
  invites: boolean;
  data: any;
}

export interface SeatRow {
  id: string;
  pool_id: string;
  status: string;
  email: string | null;
  metadata: any;
  member_deleted: boolean;
}

export interface PoolRow {
  id: string;
  /** The id of its subscription or order. */
  container_id: string;
  capacity: number;
  taken: number;
  /** The status of its subscription or order. */
  status: string;
}

/** A product or a customer. */
export interface ObjectRow {
  id: string;
  metadata: any;
}

/** The receipt of a mail. */
export interface EffectRow {
  event_id: string;
  outcome: string | null;
}

/** A webhook that came to the receiver. */
export interface Delivery {
  /** Its webhook-id. */
  id: string;
  body: string;
  at: number;
  /** Whether the receiver answered with 200. */
  accepted: boolean;
}

/** A mail that the mail server took. */
export interface Mail {
  messageId: string;
  to: string;
  at: number;
}

export interface History {
  calls: Call[];
  faults: Fault[];
  /** In the order of their positions. */
  events: EventRow[];
  seats: SeatRow[];
  pools: PoolRow[];
  objects: ObjectRow[];
  effects: EffectRow[];
  deliveries: Delivery[];
  mails: Mail[];
  /** The ids of the events that GET /v1/events lists, in its order. */
  listed: string[];
  /** The work that was still open when the wait for a quiet outbox ended. */
  open: Record<string, number>;
}
