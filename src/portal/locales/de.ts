import type { Messages } from './en.js';

const number = (n: number) => n.toLocaleString('de');
const seats = (n: number) => (n === 1 ? '1 Platz' : `${number(n)} Plätzen`);

export const de: Messages = {
  title: 'Plätze',
  help: 'Hilfe',
  signOut: 'Abmelden',
  skip: 'Zum Inhalt springen',
  redirect: { heading: 'Ihre Plätze werden geöffnet …', link: 'Weiter' },
  return: 'Zurück zum Shop',
  switchUser: {
    heading: 'Sie sind als jemand anderes angemeldet',
    text: (current: string) =>
      `Sie sind als ${current} angemeldet. Wenn Sie fortfahren, werden Sie dort abgemeldet und mit dem geöffneten Link angemeldet.`,
    yes: 'Mit dem Link fortfahren',
    no: 'Angemeldet bleiben',
  },
  purchases: {
    heading: 'Ihre Käufe',
    text: 'Wählen Sie einen aus, um zu sehen, wer einen Platz hat, und um Personen einzuladen.',
  },
  ownSeats: {
    heading: 'Ihre Plätze',
    text: 'Was Sie nutzen können.',
    none: 'Noch keine Plätze',
    noneText: 'Sobald Sie eine Einladung angenommen haben, erscheint sie hier.',
  },
  kinds: { subscription: 'Abonnement', order: 'Bestellung' },
  statuses: {
    trialing: 'Testphase',
    past_due: 'Zahlung fällig',
    unpaid: 'Unbezahlt',
    canceled: 'Gekündigt',
    incomplete: 'Nicht abgeschlossen',
    incomplete_expired: 'Nicht abgeschlossen',
    pending: 'Zahlung ausstehend',
    refunded: 'Erstattet',
    partially_refunded: 'Teilweise erstattet',
    void: 'Ungültig',
  },
  endsOn: (date) => `Endet am ${date}`,
  taken: (taken, total) => `${number(taken)} von ${seats(total)} belegt`,
  free: (n) => `${number(n)} frei`,
  pages: 'Seiten',
  older: 'Ältere',
  newer: 'Neuere',
  back: 'Alle Käufe',
  invite: {
    heading: 'Personen einladen',
    label: 'E-Mail-Adressen',
    hint: (most) =>
      `Eine oder viele: Fügen Sie eine Liste ein, getrennt durch Kommas, Leerzeichen oder Zeilen. Bis zu ${number(most)} auf einmal.`,
    button: 'Einladungen senden',
    full: 'Alle Plätze sind belegt. Entziehen Sie einen, um jemand anderem Platz zu machen.',
    inactive: 'Wegen des Zustands dieses Kaufs können zurzeit keine Plätze vergeben werden.',
  },
  results: {
    heading: (n, all) => `${number(n)} von ${number(all)} eingeladen`,
    empty: 'Bitte geben Sie mindestens eine E-Mail-Adresse ein.',
    invited: 'Eingeladen',
    SeatAlreadyAssigned: 'Hat schon einen Platz',
    SeatNotAvailable: 'Kein Platz mehr frei',
    invalid: 'Keine E-Mail-Adresse',
    failed: 'Konnte nicht eingeladen werden',
    remaining: (n) =>
      n === 1
        ? '1 weitere Adresse steht noch im Feld. Senden Sie noch einmal, um fortzufahren.'
        : `${number(n)} weitere Adressen stehen noch im Feld. Senden Sie noch einmal, um fortzufahren.`,
  },
  people: {
    heading: 'Personen',
    search: 'Person nach Name oder E-Mail suchen',
    button: 'Suchen',
    clear: 'Alle anzeigen',
    count: (n, more) =>
      more ? `Die ersten ${number(n)} Personen` : n === 1 ? '1 Person' : `${number(n)} Personen`,
    none: 'Noch hat niemand einen Platz. Laden Sie die erste Person ein.',
    notFound: (search) => `Niemand gefunden für „${search}“.`,
    more: 'Weitere Personen',
    start: 'Zurück zu den neuesten',
    pending: 'Ausstehend',
    claimed: 'Angenommen',
    expired: 'Abgelaufen',
    expiresOn: (date) => `Einladung gilt bis ${date}`,
    expiredOn: (date) => `Einladung abgelaufen am ${date}`,
    claimedOn: (date) => `Hat den Platz seit ${date}`,
    resend: 'Erneut senden',
    resendTo: (email) => `Einladung an ${email} erneut senden`,
    revoke: 'Entziehen',
    revokeOf: (email) => `Platz von ${email} entziehen`,
  },
  confirm: {
    heading: 'Diesen Platz entziehen?',
    claimed: (email, product) =>
      `${email} kann ${product} von da an nicht mehr nutzen. Der Platz wird für jemand anderen frei.`,
    pending: (email) =>
      `Die Einladung von ${email} wird ungültig. Der Platz wird für jemand anderen frei.`,
    yes: 'Platz entziehen',
    no: 'Behalten',
  },
  notices: {
    resent: (email) => `Eine neue Einladung ist an ${email} unterwegs. Der alte Link ist ungültig.`,
    revoked: (email) => `Der Platz von ${email} ist wieder frei.`,
    alreadyRevoked: 'Dieser Platz wurde bereits entzogen.',
    SeatNotPending: 'Nur die Einladung eines ausstehenden Platzes kann erneut gesendet werden.',
    TooManyRequests: (seconds) =>
      `Diese Einladung wurde gerade gesendet. Versuchen Sie es in ${seconds === 1 ? '1 Sekunde' : `${number(seconds)} Sekunden`} erneut.`,
  },
  problems: {
    sessionEnded: {
      heading: 'Ihr Besuch ist beendet',
      text: 'Der Link zu dieser Seite funktioniert einmal, innerhalb von 15 Minuten, und ein Besuch dauert eine Stunde.',
      hint: 'Öffnen Sie sie erneut von dort, wo Sie sie gefunden haben, oder bitten Sie um einen neuen Link.',
    },
    signedOut: {
      heading: 'Sie sind abgemeldet',
      text: 'Der Link, der Sie hierher geführt hat, funktioniert nicht mehr.',
      hint: 'Um zurückzukehren, öffnen Sie die Seite erneut von dort, wo Sie sie gefunden haben.',
    },
    notPermitted: {
      heading: 'Das ist für alle, die die Plätze verwalten',
      text: 'Ihre eigenen Plätze bleiben Ihnen. Wenden Sie sich zum Einladen an eine Inhaberin, einen Inhaber oder die Abrechnungsverwaltung.',
    },
    seatsDisabled: {
      heading: 'Plätze können gerade nicht verwaltet werden',
      text: 'Der Anbieter hat dies abgeschaltet. Niemandes Platz hat sich geändert.',
    },
    notFound: {
      heading: 'Hier ist nichts',
      text: 'Was Sie suchen, gibt es nicht oder nicht mehr.',
    },
    crossSiteForm: {
      heading: 'Es wurde nichts geändert',
      text: 'Die Anfrage kam nicht von dieser Seite. Bitte gehen Sie zurück und versuchen Sie es von dort.',
    },
    tooManyRequests: {
      heading: 'Einen Moment bitte',
      text: 'Das war zu viel auf einmal. Es wurde nichts geändert; versuchen Sie es in einer Minute erneut.',
    },
    serverError: {
      heading: 'Das hat nicht geklappt',
      text: 'Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es in einer Minute erneut.',
    },
    home: 'Zu Ihren Plätzen',
  },
};
