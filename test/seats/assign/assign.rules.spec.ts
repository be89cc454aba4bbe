import {
  type Candidate,
  judge,
  type ResolvedAssignment,
} from '../../../src/seats/assign/assign.rules.js';
import type { Recipient } from '../../../src/seats/seats.rules.js';

const NOTHING: Candidate = { member: null, customer: null, email_key: null, seat_id: null };

function item(
  recipient: Recipient,
  candidate: Partial<Candidate> = {},
  returnAssigned = false,
): ResolvedAssignment {
  const named = 'email' in recipient && recipient.email !== undefined ? recipient.email : null;
  return {
    assignment: {
      recipient,
      metadata: {},
      immediateClaim: false,
      sendInvitation: true,
      expiresIn: null,
      returnAssigned,
    },
    candidate: { ...NOTHING, email_key: named?.toLowerCase() ?? null, ...candidate },
  };
}

const byEmail = (email: string, candidate: Partial<Candidate> = {}, returnAssigned = false) =>
  item({ by: 'email', email }, candidate, returnAssigned);
const byExternalId = (
  external_id: string,
  email?: string,
  candidate: Partial<Candidate> = {},
  returnAssigned = false,
) =>
  item({ by: 'external_member', external_id, ...(email && { email }) }, candidate, returnAssigned);
const member = (email: string, external_id: string | null = null) => ({
  member: { id: email, email, external_id },
  email_key: email.toLowerCase(),
});

/** The outcome of each item in short: `new`, the id of an existing seat, or the refusal. */
function outcomes(items: ResolvedAssignment[], { places = 10, memberModel = true } = {}) {
  return judge(places, memberModel, items).map(({ verdict }) => {
    if (verdict.outcome === 'new_seat') return 'new';
    if (verdict.outcome === 'earlier_seat') {
      return `as ${items.findIndex(({ assignment }) => assignment === verdict.earlier)}`;
    }
    return verdict.outcome === 'existing_seat' ? verdict.seatId : verdict.refusal;
  });
}

describe('places', () => {
  it('run out in the order of the items', () => {
    const items = ['a@x.example', 'b@x.example', 'c@x.example'].map((email) => byEmail(email));
    expect(outcomes(items, { places: 2 })).toEqual(['new', 'new', 'SeatNotAvailable']);
  });

  it('are not taken by a refused item', () => {
    const items = [item({ by: 'member', id: 'm' }), byEmail('a@x.example')];
    expect(outcomes(items, { places: 1 })).toEqual(['MemberNotFound', 'new']);
  });

  it('are checked before the person: on a full pool a duplicate is refused with SeatNotAvailable', () => {
    const items = [byEmail('a@x.example', { seat_id: 'seat' }), item({ by: 'member', id: 'm' })];
    expect(outcomes(items, { places: 0 })).toEqual(['SeatNotAvailable', 'SeatNotAvailable']);
  });

  it('do not matter to a person whose existing seat is returned', () => {
    const items = [byEmail('a@x.example', { seat_id: 'seat' }, true)];
    expect(outcomes(items, { places: 0 })).toEqual(['seat']);
  });
});

describe('a person', () => {
  it('with a seat of the pool is refused', () => {
    expect(outcomes([byEmail('a@x.example', { seat_id: 'seat' })])).toEqual([
      'SeatAlreadyAssigned',
    ]);
  });

  it('is refused the second time when named twice in one call, regardless of e-mail case', () => {
    const items = [byEmail('a@x.example'), byEmail('A@x.example')];
    expect(outcomes(items)).toEqual(['new', 'SeatAlreadyAssigned']);
  });

  it('named twice with if_assigned: "return" gets the seat of the first item, on a full pool too', () => {
    const items = [byEmail('a@x.example'), byEmail('A@x.example', {}, true)];
    expect(outcomes(items, { places: 1 })).toEqual(['new', 'as 0']);
  });

  it('named twice is one person by e-mail and by external id', () => {
    const returned = [
      byExternalId('e', 'a@x.example', {}, true),
      byExternalId('e', undefined, {}, true),
    ];
    expect(outcomes([byEmail('a@x.example'), ...returned])).toEqual(['new', 'as 0', 'as 0']);
  });

  it('gets one external id of a call, even when their seat is returned', () => {
    const seated = { ...member('a@x.example'), seat_id: 'seat' };
    const items = [
      byExternalId('e', 'a@x.example', seated, true),
      byExternalId('f', 'a@x.example', seated, true),
      byExternalId('e', undefined, {}, true),
    ];
    expect(outcomes(items)).toEqual(['seat', 'MemberEmailMismatch', 'seat']);
  });

  it('named by e-mail and by member id in one call is one person', () => {
    const items = [byEmail('a@x.example'), item({ by: 'member', id: 'm' }, member('a@x.example'))];
    expect(outcomes(items)).toEqual(['new', 'SeatAlreadyAssigned']);
  });

  it('named by an unknown member id is not found', () => {
    expect(outcomes([item({ by: 'member', id: 'm' })])).toEqual(['MemberNotFound']);
  });

  it.each<Recipient>([
    { by: 'customer', id: 'c' },
    { by: 'external_customer', external_id: 'c' },
  ])(
    'named by an unknown customer is refused with the error of the member model: %j',
    (recipient) => {
      expect(outcomes([item(recipient)])).toEqual(['InvalidSeatAssignmentRequest']);
      expect(outcomes([item(recipient)], { memberModel: false })).toEqual(['CustomerNotFound']);
    },
  );

  it('named by a customer without an e-mail is refused', () => {
    const customer = { id: 'c', email: null, name: null };
    expect(outcomes([item({ by: 'customer', id: 'c' }, { customer })])).toEqual([
      'InvalidSeatAssignmentRequest',
    ]);
  });

  it('named by a customer with an e-mail gets a seat', () => {
    const customer = { id: 'c', email: 'a@x.example', name: null };
    const candidate = { customer, email_key: 'a@x.example' };
    expect(outcomes([item({ by: 'customer', id: 'c' }, candidate)])).toEqual(['new']);
  });
});

describe('an external id', () => {
  it('alone must belong to a member', () => {
    expect(outcomes([byExternalId('e')])).toEqual(['MemberNotFound']);
    expect(outcomes([byExternalId('e', undefined, member('a@x.example', 'e'))])).toEqual(['new']);
  });

  it('with an e-mail creates a member, or goes to the member with that e-mail', () => {
    expect(outcomes([byExternalId('e', 'a@x.example')])).toEqual(['new']);
    expect(outcomes([byExternalId('e', 'a@x.example', member('A@x.example'))])).toEqual(['new']);
  });

  it('of a member with another e-mail is a mismatch', () => {
    const candidate = member('b@x.example', 'e');
    expect(outcomes([byExternalId('e', 'a@x.example', candidate)])).toEqual([
      'MemberEmailMismatch',
    ]);
  });

  it('is a mismatch when the member with the e-mail has another external id', () => {
    const candidate = member('a@x.example', 'other');
    expect(outcomes([byExternalId('e', 'a@x.example', candidate)])).toEqual([
      'MemberEmailMismatch',
    ]);
  });

  it('goes to only one person of a call', () => {
    const items = [byExternalId('e', 'a@x.example'), byExternalId('e', 'b@x.example')];
    expect(outcomes(items)).toEqual(['new', 'MemberEmailMismatch']);
  });

  it('is a mismatch for a person who gets another one in the same call', () => {
    const items = [byExternalId('e', 'a@x.example'), byExternalId('f', 'a@x.example')];
    expect(outcomes(items)).toEqual(['new', 'MemberEmailMismatch']);
  });

  it('alone may name a member that the same call creates', () => {
    const items = [byExternalId('e', 'a@x.example'), byExternalId('e')];
    expect(outcomes(items)).toEqual(['new', 'SeatAlreadyAssigned']);
  });
});
