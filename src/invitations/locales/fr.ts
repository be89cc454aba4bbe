import type { Messages } from './en.js';

export const fr: Messages = {
  language: 'fr',
  mail: {
    subject: ({ inviter, product }) =>
      inviter ? `${inviter} vous invite à utiliser ${product}` : `Invitation à utiliser ${product}`,
    preheader: (expires) => `Acceptez votre place avant le ${expires}.`,
    heading: ({ product }) => `Votre place pour ${product}`,
    intro: ({ inviter, product }) =>
      inviter
        ? `${inviter} vous invite à utiliser ${product}.`
        : `Vous êtes invité(e) à utiliser ${product}.`,
    reserved: ({ organization, email }) => `${organization} a réservé une place pour ${email}.`,
    button: 'Accepter la place',
    expires: (expires) => `Le lien fonctionne une seule fois, jusqu’au ${expires}.`,
    plainLink: 'Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :',
    unexpected:
      'Vous n’attendiez pas ce message ? Ignorez-le : rien ne se passe tant que vous n’acceptez pas la place.',
  },
  page: {
    reservedFor: 'Réservée pour',
    help: 'Aide',
    invitation: {
      heading: ({ product }) => `Votre place pour ${product}`,
      text: ({ organization }) => `${organization} a réservé une place pour vous.`,
      button: 'Accepter la place',
      hint: 'Ce n’est pas pour vous ? Fermez simplement cette page : rien ne se passe.',
    },
    claimed: {
      heading: 'La place est à vous',
      text: ({ email, product }) => `${email} peut utiliser ${product} dès maintenant.`,
      hint: 'Vous pouvez fermer cette page.',
    },
    deadLink: {
      heading: 'Ce lien ne fonctionne plus',
      text: 'Une invitation sert une seule fois et pour une durée limitée. Celle-ci a été utilisée, a expiré, ou a été remplacée ou retirée.',
      claimed: 'Vous avez déjà accepté votre place ? Alors tout est en ordre.',
      unclaimed:
        'Sinon, demandez une nouvelle invitation à la personne qui vous a invité(e). Seul le lien du message le plus récent fonctionne.',
    },
    unavailable: {
      heading: 'Cette place ne peut pas être acceptée pour le moment',
      text: 'Votre invitation est valable, mais les places dont elle fait partie ne sont pas actives actuellement.',
      hint: 'Adressez-vous à la personne qui vous a invité(e), puis ouvrez ce lien plus tard.',
    },
    tooManyRequests: {
      heading: 'Un instant, s’il vous plaît',
      text: 'C’était trop à la fois. Votre invitation est inchangée.',
      hint: 'Veuillez ouvrir de nouveau le lien de votre e-mail dans une minute.',
    },
    serverError: {
      heading: 'Cela n’a pas fonctionné',
      text: 'Un problème est survenu de notre côté. Votre invitation est inchangée.',
      hint: 'Veuillez ouvrir de nouveau le lien de votre e-mail dans une minute.',
    },
  },
};
