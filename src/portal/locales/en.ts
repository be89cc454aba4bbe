const number = (n: number) => n.toLocaleString('en');
const seats = (n: number) => (n === 1 ? '1 seat' : `${number(n)} seats`);

/**
 * All texts of the portal's pages. Every other language has a file of the type {@link Messages}.
 */
export const en = {
  title: 'Seats',
  help: 'Help',
  signOut: 'Sign out',
  skip: 'Skip to the content',
  redirect: { heading: 'Opening your seats …', link: 'Continue' },
  return: 'Back to the shop',
  switchUser: {
    heading: 'You are signed in as somebody else',
    text: (current: string) =>
      `You are signed in as ${current}. If you continue, you will be signed out of that account and signed in with the link you opened.`,
    yes: 'Continue with the link',
    no: 'Stay signed in',
  },
  purchases: {
    heading: 'Your purchases',
    text: 'Choose one to see who has a seat, and to invite people.',
  },
  ownSeats: {
    heading: 'Your seats',
    text: 'The products that you can use.',
    none: 'No seats yet',
    noneText: 'As soon as you have claimed an invitation, it is shown here.',
  },
  kinds: { subscription: 'Subscription', order: 'Order' },
  statuses: {
    trialing: 'Trial',
    past_due: 'Payment is due',
    unpaid: 'Unpaid',
    canceled: 'Canceled',
    incomplete: 'Not completed',
    incomplete_expired: 'Not completed',
    pending: 'Payment pending',
    refunded: 'Refunded',
    partially_refunded: 'Partially refunded',
    void: 'Void',
  } as Record<string, string>,
  endsOn: (date: string) => `Ends on ${date}`,
  taken: (taken: number, total: number) => `${number(taken)} of ${seats(total)} taken`,
  free: (n: number) => `${number(n)} free`,
  pages: 'Pages',
  older: 'Older',
  newer: 'Newer',
  back: 'All purchases',
  invite: {
    heading: 'Invite people',
    label: 'E-mail addresses',
    hint: (most: number) =>
      `One or many: paste a list, separated by commas, spaces or new lines. Up to ${number(most)} at a time.`,
    button: 'Send invitations',
    full: 'All seats are taken. Revoke one to make room for somebody else.',
    inactive: 'Seats cannot be assigned at the moment because of the status of this purchase.',
  },
  results: {
    heading: (n: number, all: number) => `${number(n)} of ${number(all)} invited`,
    empty: 'Please enter at least one e-mail address.',
    invited: 'Invited',
    SeatAlreadyAssigned: 'Has a seat already',
    SeatNotAvailable: 'No seat was left',
    invalid: 'Not an e-mail address',
    failed: 'Could not be invited',
    remaining: (n: number) =>
      n === 1
        ? '1 more address is still in the field. Send again to go on.'
        : `${number(n)} more addresses are still in the field. Send again to go on.`,
  },
  people: {
    heading: 'People',
    search: 'Find a person by name or e-mail',
    button: 'Find',
    clear: 'Show everybody',
    count: (n: number, more: boolean) =>
      more ? `The first ${number(n)} people` : n === 1 ? '1 person' : `${number(n)} people`,
    none: 'No seats are assigned yet. Invite the first person.',
    notFound: (search: string) => `Nobody found for “${search}”.`,
    more: 'Show more people',
    start: 'Back to the newest',
    pending: 'Pending',
    claimed: 'Claimed',
    expired: 'Expired',
    expiresOn: (date: string) => `Invitation open until ${date}`,
    expiredOn: (date: string) => `Invitation expired on ${date}`,
    claimedOn: (date: string) => `Claimed on ${date}`,
    resend: 'Resend',
    resendTo: (email: string) => `Resend the invitation to ${email}`,
    revoke: 'Revoke',
    revokeOf: (email: string) => `Revoke the seat of ${email}`,
  },
  confirm: {
    heading: 'Revoke this seat?',
    claimed: (email: string, product: string) =>
      `${email} can no longer use ${product} from that moment on. The seat is free for somebody else.`,
    pending: (email: string) =>
      `The invitation of ${email} stops working. The seat is free for somebody else.`,
    yes: 'Revoke the seat',
    no: 'Keep it',
  },
  notices: {
    resent: (email: string) => `A new invitation is on its way to ${email}. The old link is dead.`,
    revoked: (email: string) => `The seat of ${email} is free again.`,
    alreadyRevoked: 'This seat has been revoked already.',
    SeatNotPending: 'Only the invitation of a pending seat can be sent again.',
    TooManyRequests: (seconds: number) =>
      `This invitation was just sent. Try again in ${seconds === 1 ? '1 second' : `${number(seconds)} seconds`}.`,
  },
  problems: {
    sessionEnded: {
      heading: 'Your session has expired',
      text: 'The link to this page works once, within 15 minutes, and a session lasts one hour.',
      hint: 'Open it again from where you found it, or ask whoever sent it for a new one.',
    },
    signedOut: {
      heading: 'You are signed out',
      text: 'The link that brought you here does not work any more.',
      hint: 'To come back, open this page again from where you found it.',
    },
    notPermitted: {
      heading: 'This is for those who manage the seats',
      text: 'Your own seats are still yours. To invite people, ask an owner or a billing manager.',
    },
    seatsDisabled: {
      heading: 'Seats cannot be managed right now',
      text: 'The seller has switched this off. Nobody’s seat has changed.',
    },
    notFound: {
      heading: 'There is nothing here',
      text: 'The page you are looking for does not exist or has been removed.',
    },
    crossSiteForm: {
      heading: 'Nothing was changed',
      text: 'The request did not come from this page. Please go back and try it from there.',
    },
    tooManyRequests: {
      heading: 'One moment, please',
      text: 'There were too many requests. Nothing was changed; try again in a minute.',
    },
    serverError: {
      heading: 'That did not work',
      text: 'Something went wrong on our side. Please try again in a minute.',
    },
    home: 'Go to your seats',
  },
};

export type Messages = typeof en;
