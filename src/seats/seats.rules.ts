import { INVITATION_EXPIRES_IN } from '../organizations/organization.js';
import { parseEmail } from '../platform/email.js';
import { type LocatedProblem, problem, type Problem } from '../platform/errors.js';
import { metadataProblem } from '../platform/metadata.js';
import {
  NOT_A_UUID,
  NOT_AN_EMAIL,
  NOT_AN_INTEGER,
  tooFewItems,
  tooLarge,
  tooLong,
  tooManyItems,
  tooShort,
  tooSmall,
} from '../platform/sentences.js';
import { mapInSlices } from '../platform/slices.js';
import { parseUuid } from '../platform/uuid.js';

/*
 * The key rules of seats, as pure functions. SeatsService applies them for every caller; request
 * classes apply the same functions, so that an HTTP client gets its 422 before any work is done.
 */

/** The keys with which a request names a container. */
export interface ContainerKeys {
  subscription_id?: string;
  order_id?: string;
  checkout_id?: string;
  checkout_client_secret?: string;
}

/** The keys with which a request names a person. */
export interface RecipientKeys {
  email?: string;
  customer_id?: string;
  external_customer_id?: string;
  member_id?: string;
  external_member_id?: string;
}

/** A request for one seat: a recipient, and how they get the seat. */
export interface AssignmentRequest extends RecipientKeys {
  /** At most 10 keys and 1,024 characters. Default: empty. */
  metadata?: Record<string, unknown>;
  /** Claimed at once: no invitation, no expiry, no mail. Default: false. */
  immediate_claim?: boolean;
  /** Whether the invitation of a pending seat is mailed. Default: true. */
  send_invitation?: boolean;
  /** Seconds. Default: the organization's setting. */
  invitation_expires_in?: number;
  /** `return`: a person who has a seat of the pool gets that seat. Default: `error`. */
  if_assigned?: 'error' | 'return';
}

/** A bulk revocation: by seat id, by e-mail within a container, or every seat of a container. */
export interface RevocationRequest extends ContainerKeys {
  seat_ids?: string[];
  emails?: string[];
  all?: boolean;
}

/** The person who is to get a seat. */
export type Recipient =
  | { by: 'email'; email: string }
  | { by: 'customer'; id: string }
  | { by: 'external_customer'; external_id: string }
  | { by: 'member'; id: string }
  | { by: 'external_member'; external_id: string; email?: string };

/** A valid {@link AssignmentRequest} with its defaults filled in. */
export interface Assignment {
  recipient: Recipient;
  metadata: Record<string, unknown>;
  immediateClaim: boolean;
  sendInvitation: boolean;
  /** Seconds; null is the organization's setting. */
  expiresIn: number | null;
  /** Whether a person who has a seat of the pool gets that seat instead of an error. */
  returnAssigned: boolean;
}

const EXTERNAL_ID_LENGTH = 255;

/** The most items of one bulk call. One transaction holds the pool's lock for all of them. */
export const MAX_BULK_ITEMS = 10_000;

/** Exactly one of subscription, order and checkout must be named. */
export function containerProblem(keys: ContainerKeys): Problem | undefined {
  const ids = [keys.subscription_id, keys.order_id, keys.checkout_id];
  if (ids.filter((id) => id !== undefined).length === 1) return undefined;
  return problem('value_error', 'Send exactly one of subscription_id, order_id and checkout_id.');
}

/** Exactly one key must name the person, except that an e-mail may go with `external_member_id`. */
export function recipientProblem(keys: RecipientKeys): Problem | undefined {
  const { email, customer_id, external_customer_id, member_id, external_member_id } = keys;
  const given = { email, customer_id, external_customer_id, member_id, external_member_id };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : name));
  const isPair = names.join() === 'email,external_member_id';
  if (names.length === 1 || isPair) return undefined;
  return problem(
    'value_error',
    names.length === 0
      ? 'Name a person: send email, customer_id, external_customer_id, member_id or external_member_id.'
      : `Send only one of ${names.sort().join(', ')}; they cannot be combined.`,
  );
}

/** Exactly one of seat ids, e-mails and `all` must be given; the last two need a container. */
export function revocationProblem(request: RevocationRequest): Problem | undefined {
  const { seat_ids, emails, subscription_id, order_id, checkout_id } = request;
  const all = request.all === true ? true : undefined;
  const ways = [seat_ids, emails, all].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    return problem('value_error', 'Send exactly one of seat_ids, emails and all: true.');
  }
  if (seat_ids === undefined) return containerProblem(request);
  return (subscription_id ?? order_id ?? checkout_id) === undefined
    ? undefined
    : problem('value_error', 'Send either seat_ids or a container; they cannot be combined.');
}

/** A bulk call names at least one item, and at most {@link MAX_BULK_ITEMS}. */
export function bulkProblem(items: unknown[]): Problem | undefined {
  if (items.length === 0) return problem('too_short', tooFewItems(1));
  return items.length > MAX_BULK_ITEMS
    ? problem('too_long', tooManyItems(MAX_BULK_ITEMS))
    : undefined;
}

/** An invitation lives between one minute and one year. */
export function expiryProblem(seconds: number): Problem | undefined {
  const { min, max } = INVITATION_EXPIRES_IN;
  if (!Number.isInteger(seconds)) return problem('int_parsing', NOT_AN_INTEGER);
  if (seconds < min) {
    return problem('greater_than_equal', tooSmall(min));
  }
  if (seconds > max) {
    return problem('less_than_equal', tooLarge(max));
  }
  return undefined;
}

type Loc = (string | number)[];

/** The container ids that are not UUIDs. */
export function containerFieldProblems(keys: ContainerKeys, loc: Loc): LocatedProblem[] {
  return [
    ...fieldProblem(loc, 'subscription_id', keys.subscription_id, uuidProblem),
    ...fieldProblem(loc, 'order_id', keys.order_id, uuidProblem),
    ...fieldProblem(loc, 'checkout_id', keys.checkout_id, uuidProblem),
  ];
}

/** The fields of an assignment that are invalid on their own. */
export function assignmentFieldProblems(request: AssignmentRequest, loc: Loc): LocatedProblem[] {
  return [
    ...fieldProblem(loc, 'email', request.email, emailProblem),
    ...fieldProblem(loc, 'customer_id', request.customer_id, uuidProblem),
    ...fieldProblem(loc, 'external_customer_id', request.external_customer_id, externalIdProblem),
    ...fieldProblem(loc, 'member_id', request.member_id, uuidProblem),
    ...fieldProblem(loc, 'external_member_id', request.external_member_id, externalIdProblem),
    ...fieldProblem(loc, 'metadata', request.metadata, metadataProblem),
    ...fieldProblem(loc, 'invitation_expires_in', request.invitation_expires_in, expiryProblem),
  ];
}

/** The rules that an assignment breaks. The recipient rule counts once every field is valid. */
export function assignmentProblems(request: AssignmentRequest, loc: Loc): LocatedProblem[] {
  const problems = assignmentFieldProblems(request, loc);
  return problems.length > 0 ? problems : ruleProblem(loc, request, recipientProblem);
}

/** The rules that a bulk assignment breaks. A list that is too long is refused before its items. */
export async function bulkAssignmentProblems(
  requests: AssignmentRequest[],
  loc: Loc,
): Promise<LocatedProblem[]> {
  const problems = fieldProblem(loc, 'seats', requests, bulkProblem);
  if (problems.length > 0) return problems;
  const found = await mapInSlices(requests, (request, index) =>
    assignmentProblems(request, [...loc, 'seats', index]),
  );
  return found.flat();
}

/** The rules that a bulk revocation breaks. A list that is too long is refused before its items. */
export async function revocationProblems(
  request: RevocationRequest,
  loc: Loc,
): Promise<LocatedProblem[]> {
  const { seat_ids = [], emails = [] } = request;
  const sizes = [
    ...fieldProblem(loc, 'seat_ids', request.seat_ids, bulkProblem),
    ...fieldProblem(loc, 'emails', request.emails, bulkProblem),
  ];
  if (sizes.length > 0) return sizes;
  const problems = [
    ...containerFieldProblems(request, loc),
    ...(
      await mapInSlices(seat_ids, (id, index) =>
        fieldProblem([...loc, 'seat_ids'], index, id, uuidProblem),
      )
    ).flat(),
    ...(
      await mapInSlices(emails, (email, index) =>
        fieldProblem([...loc, 'emails'], index, email, emailProblem),
      )
    ).flat(),
  ];
  return problems.length > 0 ? problems : ruleProblem(loc, request, revocationProblem);
}

/** Reads a request that {@link assignmentProblems} found valid. */
export function toAssignment(request: AssignmentRequest): Assignment {
  return {
    recipient: toRecipient(request),
    metadata: request.metadata ?? {},
    immediateClaim: request.immediate_claim ?? false,
    sendInvitation: request.send_invitation ?? true,
    expiresIn: request.invitation_expires_in ?? null,
    returnAssigned: request.if_assigned === 'return',
  };
}

/** Reads the keys of a person that {@link recipientProblem} found valid. */
export function toRecipient(keys: RecipientKeys): Recipient {
  const { member_id, customer_id, external_customer_id, external_member_id } = keys;
  if (member_id !== undefined) return { by: 'member', id: member_id };
  if (customer_id !== undefined) return { by: 'customer', id: customer_id };
  if (external_customer_id !== undefined) {
    return { by: 'external_customer', external_id: external_customer_id };
  }
  const email = keys.email === undefined ? undefined : parseEmail(keys.email);
  if (external_member_id !== undefined) {
    return {
      by: 'external_member',
      external_id: external_member_id,
      ...(email !== undefined && { email }),
    };
  }
  if (email === undefined) throw new TypeError('The request names no valid recipient.');
  return { by: 'email', email };
}

function uuidProblem(id: string): Problem | undefined {
  return parseUuid(id) === undefined ? problem('uuid_parsing', NOT_A_UUID) : undefined;
}

function emailProblem(email: string): Problem | undefined {
  return parseEmail(email) === undefined ? problem('value_error', NOT_AN_EMAIL) : undefined;
}

function externalIdProblem(id: string): Problem | undefined {
  if (id.length === 0) {
    return problem('string_too_short', tooShort(1));
  }
  return id.length > EXTERNAL_ID_LENGTH
    ? problem('string_too_long', tooLong(EXTERNAL_ID_LENGTH))
    : undefined;
}

/** The problem of one field, at its place. A field that is not given has none. */
function fieldProblem<Value>(
  loc: Loc,
  name: string | number,
  value: Value | undefined,
  rule: (value: Value) => Problem | undefined,
): LocatedProblem[] {
  const found = value === undefined ? undefined : rule(value);
  return found === undefined ? [] : [{ ...found, loc: [...loc, name], input: value }];
}

/** The problem of a rule over several fields. */
function ruleProblem<Request>(
  loc: Loc,
  request: Request,
  rule: (request: Request) => Problem | undefined,
): LocatedProblem[] {
  const found = rule(request);
  return found === undefined ? [] : [{ ...found, loc, input: null }];
}
