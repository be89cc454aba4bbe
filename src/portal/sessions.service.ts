import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/config.js';
import { Keys, newToken } from '../platform/crypto.js';
import { InvalidToken } from '../platform/errors.js';
import type { Caller } from '../platform/http/access.js';
import { CustomerNotFound, MemberNotFound } from '../seats/seats.errors.js';
import type { Session } from './buyer.js';
import { SESSION_SECONDS } from './session.js';
import { CUSTOMER_SESSION_PREFIX, MEMBER_SESSION_PREFIX } from './sessions.authenticator.js';
import { type Person, SessionsRepository } from './sessions.repository.js';

/** Whom a session is for. At least one key is there, and no two that name the same. */
export interface SessionKeys {
  customer_id?: string;
  external_customer_id?: string;
  member_id?: string;
  external_member_id?: string;
}

/** A new session: the only moment its token is known. */
export interface OpenedSession {
  token: string;
  expires_at: Date;
  customer_id: string;
  member_id: string | null;
  customer_portal_url: string;
}

/** Opens the portal for people, and tells who they are. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly keys: Keys,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** @throws {CustomerNotFound}; {MemberNotFound} also for a member of another customer. */
  async open(caller: Caller, named: SessionKeys): Promise<OpenedSession> {
    const { customerId, memberId } = await this.find(caller, named);
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + SESSION_SECONDS * 1000);
    const token = newToken(memberId === null ? CUSTOMER_SESSION_PREFIX : MEMBER_SESSION_PREFIX);
    await this.sessions.insert({
      organization_id: caller.organizationId,
      id: randomUUID(),
      created_at: now,
      customer_id: customerId,
      member_id: memberId,
      token_hash: this.keys.sign('token', token),
      expires_at: expiresAt,
    });
    return {
      token,
      expires_at: expiresAt,
      customer_id: customerId,
      member_id: memberId,
      customer_portal_url: `${this.settings.publicUrl}/portal?token=${token}`,
    };
  }

  /** Ends a session before its time: its token is worth nothing from now on. */
  async close(session: Session): Promise<void> {
    await this.sessions.remove(session.organizationId, session.id);
  }

  /** @throws {InvalidToken} when the session has just ended. */
  async person(session: Session): Promise<Person> {
    const person = await this.sessions.findPerson(session);
    if (person === null) throw new InvalidToken();
    return person;
  }

  private async find(
    { organizationId }: Caller,
    named: SessionKeys,
  ): Promise<{ customerId: string; memberId: string | null }> {
    const ofCustomer = nameOf(named.customer_id, named.external_customer_id);
    const ofMember = nameOf(named.member_id, named.external_member_id);
    const customer = ofCustomer && (await this.sessions.findCustomer(organizationId, ofCustomer));
    if (customer === null) throw new CustomerNotFound();
    if (ofMember === undefined) {
      return { customerId: (customer as { id: string }).id, memberId: null };
    }
    const member = await this.sessions.findMember(organizationId, ofMember, customer?.id);
    if (member === null) throw new MemberNotFound();
    return { customerId: member.customer_id, memberId: member.id };
  }
}

function nameOf(id: string | undefined, externalId: string | undefined) {
  if (id !== undefined) return { id };
  return externalId === undefined ? undefined : { external_id: externalId };
}
