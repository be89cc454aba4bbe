import { domainToASCII, domainToUnicode } from 'node:url';
import { isEmail } from 'class-validator';

/*
 * E-mail addresses. Every route parses them here, so that different spellings of one address count as
 * one person.
 */

// `Ada <ada@example.com>`, `"Lovelace, Ada" <ada@example.com>`, `<ada@example.com>`. A name without
// quotes has no "@" and no comma: text with them is a list, and dropping the rest would lose addresses.
const NAMED = /^(?:"(?:[^"\\]|\\.)*"\s*|[^"<>@,;]*)<([^<>]*)>$/s;
// Longer than any name and address. It limits the time that parsing a string takes.
const MAX_LENGTH = 1000;
// Format characters are invisible, so two addresses that look alike would be two people.
const FORMAT_CHARACTER = /\p{Cf}/u;
// Never delivered: reserved (RFC 2606, 6761, 6762, 7686) or, below arpa, for infrastructure.
const UNREACHABLE = /\.(?:invalid|localhost|local|onion|arpa)$/;
// A shortcut: nearly every address is already canonical, and a bulk request has up to 10,000.
const COMMON = /^[\w+-]+(?:\.[\w+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}$/;
const COMMON_LENGTH = 64;
// UTS 46 changes only the case of these.
const PLAIN_DOMAIN = /^(?!.*xn--)[a-z0-9.-]+$/i;
// Node reads a domain as the host of a URL: it decodes "%6d" and stops at "/".
const DOMAIN_CHARACTERS = /^[a-z0-9.\-\x80-\u{10ffff}]{1,253}$/iu;
const UNDECODED = /(?:^|\.)xn--/;

/**
 * The canonical form of an e-mail address: without surrounding white space and name, in NFC, with
 * the domain in ASCII and in lower case. The local part keeps its case, since RFC 5321 leaves that
 * to the receiving server. Undefined when the string is not an address that mail can be sent to.
 */
export function parseEmail(text: string): string | undefined {
  if (isCommon(text)) return text;
  if (text.length > MAX_LENGTH || FORMAT_CHARACTER.test(text)) return undefined;
  const address = withoutName(text.trim());
  // isEmail throws for a lone surrogate.
  if (!address.isWellFormed() || becomesAscii(address)) return undefined;
  const [, local, domain] = /^([^"\s]+)@([^@]+)$/.exec(address.normalize('NFC')) ?? [];
  const asciiDomain = domain && domainInAscii(domain);
  if (!asciiDomain || UNREACHABLE.test(asciiDomain)) return undefined;
  const email = `${local}@${asciiDomain}`;
  return isEmail(email) ? email : undefined;
}

/**
 * The key by which addresses are compared, regardless of case. A non-ASCII letter whose lower-case form
 * contains an ASCII letter, such as the Turkish İ, stays as it is, so that it cannot be taken for
 * another person's ASCII letter. The function email_key of the database is the same; it does not
 * depend on the database's locale, as lower() does.
 */
export function emailKey(email: string): string {
  if (!/[^\0-\x7f]/.test(email)) return email.toLowerCase();
  return Array.from(email, (each) => {
    const lower = each.toLowerCase();
    return each > '\x7f' && /[\0-\x7f]/.test(lower) ? each : lower;
  }).join('');
}

/** Whether the address is certainly valid and canonical, so that the other checks can be skipped. */
function isCommon(text: string): boolean {
  return text.length <= COMMON_LENGTH && COMMON.test(text) && !UNREACHABLE.test(text);
}

function withoutName(text: string): string {
  return text.endsWith('>') ? (NAMED.exec(text)?.[1] ?? text).trim() : text;
}

/** Whether NFC turns a non-ASCII character into an ASCII one, such as the Kelvin sign into "K". */
function becomesAscii(text: string): boolean {
  return /[^\0-\x7f]/.test(text) && [...text].some((each) => each > '\x7f' && hasAscii(each));
}

function hasAscii(character: string): boolean {
  return /[\0-\x7f]/.test(character.normalize('NFC'));
}

/**
 * The domain as name servers know it (UTS 46, non-transitional); undefined if it cannot be one. Node
 * leaves a label as it is when Punycode cannot decode it, so the result is read back.
 */
function domainInAscii(domain: string): string | undefined {
  if (PLAIN_DOMAIN.test(domain)) return domain.toLowerCase();
  if (!DOMAIN_CHARACTERS.test(domain)) return undefined;
  const ascii = domainToASCII(domain);
  const unicode = domainToUnicode(ascii);
  return UNDECODED.test(unicode) || domainToASCII(unicode) !== ascii ? undefined : ascii;
}

/**
 * Whether an address is safe in SMTP commands and in a header. This is the last check before the mail
 * server, because {@link parseEmail} may not have checked addresses that were stored long ago.
 */
export function isMailable(address: string): boolean {
  return !/[\p{Cc}<>]/u.test(address);
}
