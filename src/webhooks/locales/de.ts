import type { Texts } from './en.js';

export const de: Texts = {
  subject: 'Ein Webhook-Endpunkt wurde abgeschaltet',
  heading: 'Ein Webhook-Endpunkt wurde abgeschaltet',
  intro: (organization) =>
    `Wir senden die Ereignisse von ${organization} nicht mehr an diese Adresse:`,
  gone: 'Sie hat mit 410 Gone geantwortet und damit gebeten, das Senden einzustellen.',
  failing: 'Seit 5 Tagen ist dort kein Versuch gelungen.',
  when: 'Seit',
  next: 'Schalten Sie den Endpunkt wieder ein, sobald er funktioniert: Dann wird gesendet, was auf ihn gewartet hat. Was bis dahin geschieht, wird nicht gesendet; es steht in der Liste der Ereignisse.',
};
