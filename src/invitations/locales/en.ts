/** The names that appear in the texts. */
export interface Names {
  organization: string;
  product: string;
  /** The name or e-mail of the buyer, if known. */
  inviter: string | null;
  /** The e-mail of the invited person. */
  email: string;
}

/**
 * All texts of the invitation mail and the claim page. Every other language has a file of the type
 * {@link Messages}.
 */
export const en = {
  language: 'en',
  mail: {
    subject: ({ inviter, product }: Names) =>
      inviter ? `${inviter} invited you to ${product}` : `You are invited to ${product}`,
    preheader: (expires: string) => `Claim your seat by ${expires}.`,
    heading: ({ product }: Names) => `Your seat for ${product}`,
    intro: ({ inviter, product }: Names) =>
      inviter
        ? `${inviter} has invited you to use ${product}.`
        : `You have been invited to use ${product}.`,
    reserved: ({ organization, email }: Names) =>
      `${organization} has reserved a seat for ${email}.`,
    button: 'Claim your seat',
    expires: (expires: string) => `The link works once, until ${expires}.`,
    plainLink: 'If the button does not work, copy this address into your browser:',
    unexpected:
      'If you did not expect this e-mail, you can ignore it. Nothing happens unless you claim the seat.',
  },
  page: {
    reservedFor: 'Reserved for',
    help: 'Help',
    invitation: {
      heading: ({ product }: Names) => `Your seat for ${product}`,
      text: ({ organization }: Names) => `${organization} has reserved a seat for you.`,
      button: 'Claim your seat',
      hint: 'If this is not meant for you, just close this page. Nothing will happen.',
    },
    claimed: {
      heading: 'The seat is yours',
      text: ({ email, product }: Names) => `${email} can use ${product} from now on.`,
      hint: 'You can close this page.',
    },
    deadLink: {
      heading: 'This link does not work any more',
      text: 'An invitation works once and for a limited time. This one has been used, has expired, or was replaced or withdrawn.',
      claimed: 'Have you claimed your seat already? Then you are done.',
      unclaimed:
        'Otherwise ask the person who invited you to send a new invitation. Only the link in the newest mail works.',
    },
    unavailable: {
      heading: 'This seat cannot be claimed right now',
      text: 'Your invitation is in order, but the seats it belongs to are not active at the moment.',
      hint: 'Please ask the person who invited you, and open this link again later.',
    },
    tooManyRequests: {
      heading: 'One moment, please',
      text: 'Too many requests arrived. Your invitation is unchanged.',
      hint: 'Please open the link from your mail again in a minute.',
    },
    serverError: {
      heading: 'That did not work',
      text: 'Something went wrong on our side. Your invitation is unchanged.',
      hint: 'Please open the link from your mail again in a minute.',
    },
  },
};

export type Messages = typeof en;
