import type { Texts } from './en.js';

export const es: Texts = {
  subject: 'Se ha desactivado un punto de conexión de webhook',
  heading: 'Se ha desactivado un punto de conexión de webhook',
  intro: (organization) =>
    `Hemos dejado de enviar los eventos de ${organization} a esta dirección:`,
  gone: 'Respondió 410 Gone, con lo que nos pide que no enviemos más.',
  failing: 'Lleva 5 días fallando sin un solo éxito.',
  when: 'Desde',
  next: 'Vuelva a activarlo cuando funcione: entonces se enviará lo que estaba en espera. Lo que ocurra hasta entonces no se envía, pero figura en la lista de eventos.',
};
