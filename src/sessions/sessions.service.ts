import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Customer } from '../generated/prisma/client.js';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { isToken, Keys, newToken } from '../platform/crypto.js';
import {
  CustomerNotFound,
  InvalidToken,
  MemberNotFound,
  problem,
  RequestValidationError,
} from '../platform/errors.js';
import { keyInSentence } from '../platform/sentences.js';
import { linkProblem } from '../platform/url.js';
import type { Caller } from '../platform/caller.js';
import { CODE_SECONDS, type PersonKey, type Session, SESSION_SECONDS } from './session.js';
import { CUSTOMER_SESSION_PREFIX, MEMBER_SESSION_PREFIX } from '../platform/token-form.js';
import { type Person, SessionsRepository } from './sessions.repository.js';

const CODE_PREFIX = 'seat_cpc_';

/** The person that a session is for. At least one key is set, and each person is named once. */
export interface SessionKeys {
  customer_id?: string;
  external_customer_id?: string;
  member_id?: string;
  external_member_id?: string;
}

export interface NewSession extends SessionKeys {
  /** Where the portal's pages lead back to. */
  return_url?: string;
}

/** A new session. Only hashes of its token and of the code in its link are stored. */
export interface OpenedSession {
  id: string;
  created_at: Date;
  token: string;
  expires_at: Date;
  customer: Customer;
  member_id: string | null;
  return_url: string | null;
  customer_portal_url: string;
}

/** Opens and closes portal sessions, and finds the person of a session. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * @throws {CustomerNotFound}; {MemberNotFound}, including for a member of another customer;
   * {RequestValidationError} when `return_url` is not https.
   */
  async open(caller: Caller, wanted: NewSession): Promise<OpenedSession> {
    const { return_url = null } = wanted;
    const invalid = return_url && linkProblem(return_url, this.settings.production);
    if (invalid) {
      throw RequestValidationError.at(
        ['body', 'return_url'],
        problem('value_error', invalid),
        return_url,
      );
    }
    const { customer, memberId } = await this.find(caller, wanted);
    const now = this.clock.now();
    const token = newSessionToken(memberId);
    const code = newToken(CODE_PREFIX);
    const session = {
      id: randomUUID(),
      created_at: now,
      member_id: memberId,
      expires_at: after(now, SESSION_SECONDS),
      return_url,
    };
    await this.sessions.insert({
      ...session,
      organization_id: caller.organizationId,
      customer_id: customer.id,
      token_hash: this.keys.sign('token', token),
      code_hash: this.keys.sign('portal-code', code),
      code_expires_at: after(now, CODE_SECONDS),
    });
    const url = `${this.settings.publicUrl}/portal?code=${code}`;
    return { ...session, customer, token, customer_portal_url: url };
  }

  /** The person of a code, and whether it still opens the portal. Does not spend the code. */
  async findCode(code: string): Promise<(PersonKey & { usable: boolean }) | undefined> {
    if (!isToken(code, CODE_PREFIX)) return undefined;
    const hashes = this.keys.signatures('portal-code', code);
    const row = await this.sessions.findCode(hashes, this.clock.now());
    return (
      row && {
        organizationId: row.organization_id,
        customerId: row.customer_id,
        memberId: row.member_id,
        usable: row.usable,
      }
    );
  }

  /**
   * Spends a code that {@link findCode} found, and opens a session of the pages for its person.
   * @throws {InvalidToken} when it is spent or expired.
   */
  async redeem(
    code: string,
    { memberId }: PersonKey,
  ): Promise<{ token: string; secondsLeft: number }> {
    const token = newSessionToken(memberId);
    const now = this.clock.now();
    const expiresAt = await this.sessions.spendCode(this.keys.signatures('portal-code', code), {
      id: randomUUID(),
      tokenHash: this.keys.sign('token', token),
      now,
    });
    if (expiresAt === undefined) throw new InvalidToken('This code was used or has expired.');
    return { token, secondsLeft: Math.floor((expiresAt.getTime() - now.getTime()) / 1000) };
  }

  /** Ends a session early. Its token is no longer valid. */
  async close(session: Session): Promise<void> {
    await this.sessions.remove(session.organizationId, session.id);
  }

  /** @throws {InvalidToken} when the session has just ended. */
  async person(session: Session): Promise<Person> {
    const person = await this.sessions.findPerson(session);
    if (person === null) throw new InvalidToken('This session has just ended. Open a new one.');
    return person;
  }

  private async find(
    { organizationId }: Caller,
    named: SessionKeys,
  ): Promise<{ customer: Customer; memberId: string | null }> {
    const ofCustomer = nameOf(named.customer_id, named.external_customer_id);
    const ofMember = nameOf(named.member_id, named.external_member_id);
    const customer = ofCustomer && (await this.sessions.findCustomer(organizationId, ofCustomer));
    if (customer === null)
      throw new CustomerNotFound(`There is no customer with ${keyInSentence(ofCustomer ?? {})}.`);
    if (ofMember === undefined) return { customer: customer as Customer, memberId: null };
    const member = await this.sessions.findMember(organizationId, ofMember, customer?.id);
    if (member === null)
      throw new MemberNotFound(`There is no member with ${keyInSentence(ofMember)}.`);
    return { customer: member.customer, memberId: member.id };
  }
}

function newSessionToken(memberId: string | null): string {
  return newToken(memberId === null ? CUSTOMER_SESSION_PREFIX : MEMBER_SESSION_PREFIX);
}

function after(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function nameOf(id: string | undefined, externalId: string | undefined) {
  if (id !== undefined) return { id };
  return externalId === undefined ? undefined : { external_id: externalId };
}
