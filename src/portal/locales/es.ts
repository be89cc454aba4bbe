import type { Messages } from './en.js';

const number = (n: number) => n.toLocaleString('es');
const seats = (n: number) => (n === 1 ? '1 plaza' : `${number(n)} plazas`);

export const es: Messages = {
  title: 'Plazas',
  help: 'Ayuda',
  signOut: 'Cerrar sesión',
  skip: 'Ir al contenido',
  redirect: { heading: 'Abriendo sus plazas…', link: 'Continuar' },
  return: 'Volver a la tienda',
  switchUser: {
    heading: 'Ha iniciado sesión como otra persona',
    text: (current: string) =>
      `Ha iniciado sesión como ${current}. Si continúa, esa sesión se cerrará y se abrirá la del enlace.`,
    yes: 'Continuar con el enlace',
    no: 'Mantener la sesión',
  },
  purchases: {
    heading: 'Sus compras',
    text: 'Elija una para ver quién tiene una plaza y para invitar a personas.',
  },
  ownSeats: {
    heading: 'Sus plazas',
    text: 'Lo que usted puede usar.',
    none: 'Todavía no hay plazas',
    noneText: 'En cuanto acepte una invitación, aparecerá aquí.',
  },
  kinds: { subscription: 'Suscripción', order: 'Pedido' },
  statuses: {
    trialing: 'Prueba',
    past_due: 'Pago vencido',
    unpaid: 'Sin pagar',
    canceled: 'Cancelada',
    incomplete: 'Sin completar',
    incomplete_expired: 'Sin completar',
    pending: 'Pago pendiente',
    refunded: 'Reembolsado',
    partially_refunded: 'Reembolsado en parte',
    void: 'Anulado',
  },
  endsOn: (date) => `Termina el ${date}`,
  taken: (taken, total) => `${number(taken)} de ${seats(total)} ocupadas`,
  free: (n) => `${number(n)} ${n === 1 ? 'libre' : 'libres'}`,
  pages: 'Páginas',
  older: 'Anteriores',
  newer: 'Más recientes',
  back: 'Todas las compras',
  invite: {
    heading: 'Invitar a personas',
    label: 'Direcciones de correo',
    hint: (most) =>
      `Una o varias: pegue una lista separada por comas, espacios o líneas. Hasta ${number(most)} a la vez.`,
    button: 'Enviar invitaciones',
    full: 'Todas las plazas están ocupadas. Retire una para hacer sitio a otra persona.',
    inactive: 'El estado de esta compra no permite dar plazas por el momento.',
  },
  results: {
    heading: (n, all) => `${number(n)} de ${number(all)}: invitaciones enviadas`,
    empty: 'Introduzca al menos una dirección de correo.',
    invited: 'Invitación enviada',
    SeatAlreadyAssigned: 'Ya tiene una plaza',
    SeatNotAvailable: 'No quedaban plazas',
    invalid: 'No es una dirección de correo',
    failed: 'No se pudo invitar',
    remaining: (n) =>
      n === 1
        ? 'Queda 1 dirección en el campo. Envíe de nuevo para continuar.'
        : `Quedan ${number(n)} direcciones en el campo. Envíe de nuevo para continuar.`,
  },
  people: {
    heading: 'Personas',
    search: 'Buscar a una persona por nombre o correo',
    button: 'Buscar',
    clear: 'Mostrar a todas',
    count: (n, more) =>
      more
        ? `Las primeras ${number(n)} personas`
        : `${number(n)} ${n === 1 ? 'persona' : 'personas'}`,
    none: 'Nadie tiene una plaza todavía. Invite a la primera persona.',
    notFound: (search) => `No se encontró a nadie con «${search}».`,
    more: 'Mostrar más personas',
    start: 'Volver a las más recientes',
    pending: 'Pendiente',
    claimed: 'Aceptada',
    expired: 'Caducada',
    expiresOn: (date) => `Invitación válida hasta el ${date}`,
    expiredOn: (date) => `Invitación caducada el ${date}`,
    claimedOn: (date) => `Tiene la plaza desde el ${date}`,
    resend: 'Reenviar',
    resendTo: (email) => `Reenviar la invitación a ${email}`,
    revoke: 'Retirar',
    revokeOf: (email) => `Retirar la plaza de ${email}`,
  },
  confirm: {
    heading: '¿Retirar esta plaza?',
    claimed: (email, product) =>
      `${email} ya no podrá usar ${product} desde ese momento. La plaza quedará libre para otra persona.`,
    pending: (email) =>
      `La invitación de ${email} dejará de funcionar. La plaza quedará libre para otra persona.`,
    yes: 'Retirar la plaza',
    no: 'Conservarla',
  },
  notices: {
    resent: (email) =>
      `Una nueva invitación va de camino a ${email}. El enlace anterior ya no funciona.`,
    revoked: (email) => `La plaza de ${email} vuelve a estar libre.`,
    alreadyRevoked: 'Esta plaza ya fue retirada.',
    SeatNotPending: 'Solo se puede reenviar la invitación de una plaza pendiente.',
    TooManyRequests: (seconds) =>
      `Esta invitación se acaba de enviar. Inténtelo de nuevo en ${number(seconds)} ${seconds === 1 ? 'segundo' : 'segundos'}.`,
  },
  problems: {
    sessionEnded: {
      heading: 'Su visita ha terminado',
      text: 'El enlace a esta página funciona una vez, durante 15 minutos, y una visita dura una hora.',
      hint: 'Ábrala de nuevo desde donde la encontró, o pida un enlace nuevo.',
    },
    signedOut: {
      heading: 'Ha cerrado la sesión',
      text: 'El enlace que le trajo aquí ya no funciona.',
      hint: 'Para volver, abra esta página de nuevo desde donde la encontró.',
    },
    notPermitted: {
      heading: 'Esto es para quienes gestionan las plazas',
      text: 'Sus propias plazas siguen siendo suyas. Para invitar, pregunte a un propietario o a facturación.',
    },
    seatsDisabled: {
      heading: 'Las plazas no se pueden gestionar ahora',
      text: 'El vendedor lo ha desactivado. Ninguna plaza ha cambiado.',
    },
    notFound: {
      heading: 'Aquí no hay nada',
      text: 'Lo que busca no existe, o ya no.',
    },
    crossSiteForm: {
      heading: 'No se ha cambiado nada',
      text: 'La solicitud no vino de esta página. Vuelva atrás e inténtelo desde allí.',
    },
    tooManyRequests: {
      heading: 'Un momento, por favor',
      text: 'Ha sido demasiado a la vez. No se ha cambiado nada; inténtelo de nuevo en un minuto.',
    },
    serverError: {
      heading: 'No ha funcionado',
      text: 'Algo ha fallado por nuestra parte. Inténtelo de nuevo en un minuto.',
    },
    home: 'A sus plazas',
  },
};
