import type { Messages } from './en.js';

const number = (n: number) => n.toLocaleString('fr');
const seats = (n: number) => (n === 1 ? '1 place' : `${number(n)} places`);

export const fr: Messages = {
  title: 'Places',
  help: 'Aide',
  signOut: 'Se déconnecter',
  skip: 'Aller au contenu',
  redirect: { heading: 'Ouverture de vos places…', link: 'Continuer' },
  return: 'Retour à la boutique',
  switchUser: {
    heading: 'Vous êtes connecté sous un autre compte',
    text: (current: string) =>
      `Vous êtes connecté en tant que ${current}. Si vous continuez, cette session sera fermée et celle du lien sera ouverte.`,
    yes: 'Continuer avec le lien',
    no: 'Rester connecté',
  },
  purchases: {
    heading: 'Vos achats',
    text: 'Choisissez-en un pour voir qui a une place et pour inviter des personnes.',
  },
  ownSeats: {
    heading: 'Vos places',
    text: 'Ce que vous pouvez utiliser.',
    none: 'Pas encore de place',
    noneText: 'Dès que vous aurez accepté une invitation, elle apparaîtra ici.',
  },
  kinds: { subscription: 'Abonnement', order: 'Commande' },
  statuses: {
    trialing: 'Essai',
    past_due: 'Paiement dû',
    unpaid: 'Impayé',
    canceled: 'Résilié',
    incomplete: 'Non finalisé',
    incomplete_expired: 'Non finalisé',
    pending: 'Paiement en attente',
    refunded: 'Remboursé',
    partially_refunded: 'Partiellement remboursé',
    void: 'Annulé',
  },
  endsOn: (date) => `Prend fin le ${date}`,
  taken: (taken, total) => `${number(taken)} sur ${seats(total)} occupées`,
  free: (n) => `${number(n)} ${n < 2 ? 'libre' : 'libres'}`,
  pages: 'Pages',
  older: 'Plus anciens',
  newer: 'Plus récents',
  back: 'Tous les achats',
  invite: {
    heading: 'Inviter des personnes',
    label: 'Adresses e-mail',
    hint: (most) =>
      `Une ou plusieurs : collez une liste séparée par des virgules, des espaces ou des retours à la ligne. Jusqu’à ${number(most)} à la fois.`,
    button: 'Envoyer les invitations',
    full: 'Toutes les places sont occupées. Retirez-en une pour faire de la place.',
    inactive: 'L’état de cet achat ne permet pas d’attribuer de places pour le moment.',
  },
  results: {
    heading: (n, all) => `${number(n)} sur ${number(all)} : invitations envoyées`,
    empty: 'Veuillez saisir au moins une adresse e-mail.',
    invited: 'Invitation envoyée',
    SeatAlreadyAssigned: 'A déjà une place',
    SeatNotAvailable: 'Plus aucune place libre',
    invalid: 'Ce n’est pas une adresse e-mail',
    failed: 'L’invitation a échoué',
    remaining: (n) =>
      n === 1
        ? 'Il reste 1 adresse dans le champ. Envoyez de nouveau pour continuer.'
        : `Il reste ${number(n)} adresses dans le champ. Envoyez de nouveau pour continuer.`,
  },
  people: {
    heading: 'Personnes',
    search: 'Chercher une personne par nom ou e-mail',
    button: 'Chercher',
    clear: 'Afficher tout le monde',
    count: (n, more) =>
      more
        ? `Les ${number(n)} premières personnes`
        : `${number(n)} ${n < 2 ? 'personne' : 'personnes'}`,
    none: 'Personne n’a encore de place. Invitez la première personne.',
    notFound: (search) => `Personne trouvé pour « ${search} ».`,
    more: 'Afficher plus de personnes',
    start: 'Revenir aux plus récentes',
    pending: 'En attente',
    claimed: 'Acceptée',
    expired: 'Expirée',
    expiresOn: (date) => `Invitation valable jusqu’au ${date}`,
    expiredOn: (date) => `Invitation expirée le ${date}`,
    claimedOn: (date) => `A la place depuis le ${date}`,
    resend: 'Renvoyer',
    resendTo: (email) => `Renvoyer l’invitation à ${email}`,
    revoke: 'Retirer',
    revokeOf: (email) => `Retirer la place de ${email}`,
  },
  confirm: {
    heading: 'Retirer cette place ?',
    claimed: (email, product) =>
      `${email} ne pourra plus utiliser ${product} dès cet instant. La place sera libre pour quelqu’un d’autre.`,
    pending: (email) =>
      `L’invitation de ${email} ne fonctionnera plus. La place sera libre pour quelqu’un d’autre.`,
    yes: 'Retirer la place',
    no: 'La garder',
  },
  notices: {
    resent: (email) =>
      `Une nouvelle invitation est en route vers ${email}. L’ancien lien ne fonctionne plus.`,
    revoked: (email) => `La place de ${email} est de nouveau libre.`,
    alreadyRevoked: 'Cette place a déjà été retirée.',
    SeatNotPending: 'Seule l’invitation d’une place en attente peut être renvoyée.',
    TooManyRequests: (seconds) =>
      `Cette invitation vient d’être envoyée. Réessayez dans ${number(seconds)} ${seconds < 2 ? 'seconde' : 'secondes'}.`,
  },
  problems: {
    sessionEnded: {
      heading: 'Votre visite est terminée',
      text: 'Le lien vers cette page fonctionne une fois, pendant 15 minutes, et une visite dure une heure.',
      hint: 'Rouvrez-la depuis l’endroit où vous l’avez trouvée, ou demandez un nouveau lien.',
    },
    signedOut: {
      heading: 'Vous êtes déconnecté(e)',
      text: 'Le lien qui vous a amené(e) ici ne fonctionne plus.',
      hint: 'Pour revenir, rouvrez cette page depuis l’endroit où vous l’avez trouvée.',
    },
    notPermitted: {
      heading: 'Cette page est réservée à la gestion des places',
      text: 'Vos propres places restent les vôtres. Pour inviter, adressez-vous à un(e) propriétaire ou à la facturation.',
    },
    seatsDisabled: {
      heading: 'Les places ne peuvent pas être gérées pour le moment',
      text: 'Le vendeur a désactivé cette fonction. Aucune place n’a changé.',
    },
    notFound: {
      heading: 'Il n’y a rien ici',
      text: 'Ce que vous cherchez n’existe pas ou plus.',
    },
    crossSiteForm: {
      heading: 'Rien n’a été modifié',
      text: 'La demande ne venait pas de cette page. Veuillez revenir en arrière et réessayer depuis celle-ci.',
    },
    tooManyRequests: {
      heading: 'Un instant, s’il vous plaît',
      text: 'C’était trop à la fois. Rien n’a été modifié ; réessayez dans une minute.',
    },
    serverError: {
      heading: 'Cela n’a pas fonctionné',
      text: 'Un problème est survenu de notre côté. Veuillez réessayer dans une minute.',
    },
    home: 'Vers vos places',
  },
};
