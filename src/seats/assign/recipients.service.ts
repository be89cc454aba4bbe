import { Injectable } from '@nestjs/common';
import type { Caller } from '../../platform/caller.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/database/database.js';
import { ServiceUnavailable } from '../../platform/errors.js';
import { PoolsRepository } from '../pool/pools.repository.js';
import type { Assignment } from '../seats.rules.js';
import type { PoolRow } from '../seats.sql.js';
import { AssignRepository } from './assign.repository.js';
import {
  type Candidate,
  type Decision,
  emailOf,
  getsNewSeat,
  isRefused,
  judge,
  mayLink,
  memberOf,
  needsCustomer,
  needsMember,
  needsPeople,
} from './assign.rules.js';

// Recipients rarely change in between. More conflicts than this mean a bug.
const ATTEMPTS = 10;

/** Resolves recipients to people, decides about each, and creates the people who are missing. */
@Injectable()
export class RecipientsService {
  constructor(
    private readonly assignments: AssignRepository,
    private readonly pools: PoolsRepository,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /**
   * Decides about each assignment in order. Joins the caller's transaction, which has locked the
   * pool. Every person with a new seat exists and is locked when this returns, so the caller can
   * write the seats. With `atomic`, one refusal stops the creation of people.
   *
   * Other transactions can create, change or delete the same people meanwhile. Then the decision
   * starts again.
   *
   * @param places free places of the pool.
   * @throws {ServiceUnavailable} after 10 such conflicts; {Error} outside of a transaction.
   */
  async decide(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    { places, atomic }: { places: number; atomic: boolean },
  ): Promise<Decision[]> {
    this.database.requireTransaction();
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const decisions = await this.resolveAndJudge(caller, pool, assignments, places);
      if (atomic && decisions.some(isRefused)) return decisions;
      const seated = await this.completePeople(caller, pool, decisions);
      if (seated === undefined) continue;
      const complete = new Map(seated.map((decision) => [decision.assignment, decision]));
      return decisions.map((decision) => complete.get(decision.assignment) ?? decision);
    }
    throw new ServiceUnavailable();
  }

  private async resolveAndJudge(
    caller: Caller,
    pool: PoolRow,
    assignments: Assignment[],
    places: number,
  ): Promise<Decision[]> {
    if (assignments.some(mayLink)) await this.pools.lockLinking(pool.customer_id);
    const recipients = assignments.map(({ recipient }) => recipient);
    const candidates = await this.assignments.findCandidates(
      caller.organizationId,
      pool,
      recipients,
    );
    const resolved = assignments.map((assignment, index) => ({
      assignment,
      candidate: candidates[index] as Candidate,
    }));
    return judge(places, pool.member_model_enabled, resolved);
  }

  /**
   * Creates the people who are missing and locks everybody who gets a seat.
   * @returns the decisions that give a new seat, with complete people; undefined after a conflict
   *   with another transaction.
   */
  private async completePeople(
    caller: Caller,
    pool: PoolRow,
    decisions: Decision[],
  ): Promise<Decision[] | undefined> {
    const isIncomplete = (decision: Decision) => needsPeople(decision, pool.member_model_enabled);
    const incomplete = decisions.filter(isIncomplete);
    let seated = decisions.filter(getsNewSeat);
    if (incomplete.length > 0) {
      await this.createPeople(caller, pool, incomplete);
      // Refused recipients are not looked up again. The decision about them is final.
      const again = seated.map(({ assignment }) => assignment);
      const found = await this.resolveAndJudge(caller, pool, again, again.length);
      seated = found.filter(getsNewSeat);
      if (seated.length < again.length || seated.some(isIncomplete)) return undefined;
    }
    return (await this.lockPeople(caller, seated)) ? seated : undefined;
  }

  private async createPeople(
    { organizationId }: Caller,
    pool: PoolRow,
    decisions: Decision[],
  ): Promise<void> {
    const now = this.clock.now();
    const customers = decisions.filter((decision) =>
      needsCustomer(decision, pool.member_model_enabled),
    );
    if (customers.length > 0) {
      await this.assignments.createCustomers(organizationId, customers.map(emailOf), now);
    }
    const members = mergePeople(decisions.filter(needsMember));
    if (members.length > 0) {
      await this.assignments.createMembers(organizationId, pool.customer_id, members, now);
    }
  }

  /**
   * Keeps these people from being deleted or changed until the transaction ends. Customers come
   * before members, in the order in which a change of a customer locks them.
   * @returns false if one of them was deleted or changed e-mail after the look-up.
   */
  private async lockPeople({ organizationId }: Caller, decisions: Decision[]): Promise<boolean> {
    const customers = decisions.flatMap(({ candidate }) => candidate.customer ?? []);
    const members = decisions.flatMap(({ candidate }) => candidate.member ?? []);
    return (
      (await this.assignments.lockPeople('customers', organizationId, customers)) &&
      (await this.assignments.lockPeople('members', organizationId, members))
    );
  }
}

/**
 * The members to write. If a person is named twice, only one of the items may carry the external
 * id.
 */
function mergePeople(decisions: Decision[]) {
  const people = new Map<string | null, ReturnType<typeof memberOf>>();
  for (const decision of decisions) {
    const { email_key: key } = decision.candidate;
    const person = memberOf(decision);
    const first = people.get(key) ?? person;
    people.set(key, { ...first, external_id: first.external_id ?? person.external_id });
  }
  return [...people.values()];
}
