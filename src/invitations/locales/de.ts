import type { Messages } from './en.js';

export const de: Messages = {
  language: 'de',
  mail: {
    subject: ({ inviter, product }) =>
      inviter ? `${inviter} hat Sie zu ${product} eingeladen` : `Einladung zu ${product}`,
    preheader: (expires) => `Nehmen Sie Ihren Platz bis ${expires} an.`,
    heading: ({ product }) => `Ihr Platz für ${product}`,
    intro: ({ inviter, product }) =>
      inviter
        ? `${inviter} hat Sie eingeladen, ${product} zu nutzen.`
        : `Sie sind eingeladen, ${product} zu nutzen.`,
    reserved: ({ organization, email }) =>
      `${organization} hat einen Platz für ${email} reserviert.`,
    button: 'Platz annehmen',
    expires: (expires) => `Der Link funktioniert einmal, bis ${expires}.`,
    plainLink: 'Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse im Browser:',
    unexpected:
      'Sie haben das nicht erwartet? Dann ignorieren Sie diese Nachricht: Ohne Ihre Zustimmung geschieht nichts.',
  },
  page: {
    reservedFor: 'Reserviert für',
    help: 'Hilfe',
    invitation: {
      heading: ({ product }) => `Ihr Platz für ${product}`,
      text: ({ organization }) => `${organization} hat einen Platz für Sie reserviert.`,
      button: 'Platz annehmen',
      hint: 'Nicht für Sie bestimmt? Dann schließen Sie diese Seite: Es geschieht nichts.',
    },
    claimed: {
      heading: 'Der Platz gehört Ihnen',
      text: ({ email, product }) => `${email} kann ${product} ab sofort nutzen.`,
      hint: 'Sie können diese Seite schließen.',
    },
    deadLink: {
      heading: 'Dieser Link funktioniert nicht mehr',
      text: 'Eine Einladung gilt einmal und für begrenzte Zeit. Diese wurde schon benutzt, ist abgelaufen oder wurde ersetzt oder zurückgezogen.',
      claimed: 'Sie haben Ihren Platz schon angenommen? Dann ist alles erledigt.',
      unclaimed:
        'Bitten Sie andernfalls die Person, die Sie eingeladen hat, um eine neue Einladung. Nur der Link in der neuesten Nachricht funktioniert.',
    },
    unavailable: {
      heading: 'Dieser Platz kann gerade nicht angenommen werden',
      text: 'Ihre Einladung ist in Ordnung, aber die zugehörigen Plätze sind zurzeit nicht aktiv.',
      hint: 'Bitte fragen Sie die Person, die Sie eingeladen hat, und öffnen Sie den Link später noch einmal.',
    },
    tooManyRequests: {
      heading: 'Einen Moment bitte',
      text: 'Das war zu viel auf einmal. Ihre Einladung ist unverändert.',
      hint: 'Bitte öffnen Sie den Link aus Ihrer E-Mail in einer Minute noch einmal.',
    },
    serverError: {
      heading: 'Das hat nicht geklappt',
      text: 'Bei uns ist etwas schiefgegangen. Ihre Einladung ist unverändert.',
      hint: 'Bitte öffnen Sie den Link aus Ihrer E-Mail in einer Minute noch einmal.',
    },
  },
};
