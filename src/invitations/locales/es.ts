import type { Messages } from './en.js';

export const es: Messages = {
  language: 'es',
  mail: {
    subject: ({ inviter, product }) =>
      inviter ? `${inviter} le invita a usar ${product}` : `Invitación para usar ${product}`,
    preheader: (expires) => `Acepte su plaza antes del ${expires}.`,
    heading: ({ product }) => `Su plaza para ${product}`,
    intro: ({ inviter, product }) =>
      inviter
        ? `${inviter} le invita a usar ${product}.`
        : `Ha recibido una invitación para usar ${product}.`,
    reserved: ({ organization, email }) => `${organization} ha reservado una plaza para ${email}.`,
    button: 'Aceptar la plaza',
    expires: (expires) => `El enlace funciona una sola vez, hasta el ${expires}.`,
    plainLink: 'Si el botón no funciona, copie esta dirección en su navegador:',
    unexpected:
      '¿No esperaba este mensaje? Puede ignorarlo: no ocurre nada mientras no acepte la plaza.',
  },
  page: {
    reservedFor: 'Reservada para',
    help: 'Ayuda',
    invitation: {
      heading: ({ product }) => `Su plaza para ${product}`,
      text: ({ organization }) => `${organization} ha reservado una plaza para usted.`,
      button: 'Aceptar la plaza',
      hint: '¿No es para usted? Cierre esta página: no ocurre nada.',
    },
    claimed: {
      heading: 'La plaza es suya',
      text: ({ email, product }) => `${email} ya puede usar ${product}.`,
      hint: 'Puede cerrar esta página.',
    },
    deadLink: {
      heading: 'Este enlace ya no funciona',
      text: 'Una invitación sirve una sola vez y durante un tiempo limitado. Esta ya se usó, ha caducado, o fue sustituida o retirada.',
      claimed: '¿Ya aceptó su plaza? Entonces no hay nada más que hacer.',
      unclaimed:
        'Si no, pida una nueva invitación a la persona que le invitó. Solo funciona el enlace del mensaje más reciente.',
    },
    unavailable: {
      heading: 'Esta plaza no se puede aceptar ahora',
      text: 'Su invitación es válida, pero las plazas a las que pertenece no están activas en este momento.',
      hint: 'Consulte a la persona que le invitó y abra este enlace más tarde.',
    },
    tooManyRequests: {
      heading: 'Un momento, por favor',
      text: 'Ha sido demasiado a la vez. Su invitación no ha cambiado.',
      hint: 'Abra de nuevo el enlace de su correo dentro de un minuto.',
    },
    serverError: {
      heading: 'No ha funcionado',
      text: 'Algo ha fallado por nuestra parte. Su invitación no ha cambiado.',
      hint: 'Abra de nuevo el enlace de su correo dentro de un minuto.',
    },
  },
};
