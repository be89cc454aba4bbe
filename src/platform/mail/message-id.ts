import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Settings } from '../settings.js';

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/i;

/**
 * The Message-ID of the mail of an event, with its angle brackets. Its domain is the host of
 * PUBLIC_URL. If that is not a domain name (`localhost`, an IP address, a name with an underscore),
 * it is the domain of MAIL_FROM.
 */
export function messageIdOf(
  eventId: string,
  { publicUrl, mailFrom }: Pick<Settings, 'publicUrl' | 'mailFrom'>,
): string {
  const ofSender = domainToASCII(mailFrom.address.slice(mailFrom.address.lastIndexOf('@') + 1));
  const domain = [new URL(publicUrl).hostname, ofSender].find(isDomain) ?? 'localhost';
  return `<${eventId}@${domain}>`;
}

function isDomain(host: string): boolean {
  return DOMAIN.test(host) && isIP(host) === 0;
}
