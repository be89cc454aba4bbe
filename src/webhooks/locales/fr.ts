import type { Texts } from './en.js';

export const fr: Texts = {
  subject: 'Un point de terminaison webhook a été désactivé',
  heading: 'Un point de terminaison webhook a été désactivé',
  intro: (organization) =>
    `Nous n’envoyons plus les événements de ${organization} à cette adresse :`,
  gone: 'Elle a répondu 410 Gone, ce qui nous demande d’arrêter.',
  failing: 'Elle échoue depuis 5 jours, sans un seul succès.',
  when: 'Depuis',
  next: 'Réactivez-le dès qu’il fonctionne à nouveau : ce qui l’attendait sera alors envoyé. Ce qui se passe d’ici là n’est pas envoyé, mais figure dans la liste des événements.',
};
