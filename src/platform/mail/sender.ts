import addressparser from 'nodemailer/lib/addressparser';
import { oneLine } from './one-line.js';

/** The sender of a mail. */
export interface Sender {
  name: string;
  address: string;
}

const NAME_LENGTH = 80;

/** Reads `Name <address>`, or an address alone. @throws {RangeError} unless it is exactly one. */
export function parseSender(text: string): Sender {
  const [sender, ...others] = addressparser(text, { flatten: true });
  if (sender === undefined || others.length > 0 || !/^[^@\s]+@[^@\s]+$/.test(sender.address)) {
    throw new RangeError('not one address');
  }
  return { name: oneLine(sender.name, NAME_LENGTH), address: sender.address };
}
