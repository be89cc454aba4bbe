/*
 * Bodies designed to be expensive: in parsing or validation time, memory, stack depth, or response
 * size. The server must refuse each of them, or at least answer it in time.
 */

const MIB = 1024 * 1024;
/** The size of the large ones, in bytes: just within the limit of the bulk routes. */
const LARGE = 10 * MIB - 1024;

/** A body, and whether its size or outline alone must make every route refuse it before parsing. */
export interface HostileBody {
  name: string;
  bytes(): Buffer;
  refusedByOutline: boolean;
}

const text = (make: () => string) => () => Buffer.from(make());
/** `unit` as often as it fits into `size` bytes, between `start` and `end`. */
const filled = (start: string, unit: string, end: string, size: number) =>
  text(() => {
    const room = size - start.length - end.length;
    return start + unit.repeat(Math.floor(room / Buffer.byteLength(unit))) + end;
  });
/** As {@link filled}, with an item at the end that needs no comma after it. */
const list = (start: string, item: string, end: string, size: number) =>
  filled(start, `${item},`, `${item}${end}`, size);

/** Refused before JSON.parse sees them. */
const OUTLINES: [string, () => Buffer][] = [
  ['10 MiB of empty items', list('{"seats":[', '{}', ']}', LARGE)],
  ['10 MiB of empty lists as items', list('{"seats":[', '[]', ']}', LARGE)],
  ['1 MiB of empty items', list('{"seats":[', '{}', ']}', MIB)],
  ['10 MiB of zeros in metadata', list('{"metadata":{"a":[', '0', ']}}', LARGE)],
  ['10 MiB of strings as seat ids', list('{"seat_ids":[', '""', ']}', LARGE)],
  ['10 MiB of [', filled('', '[', '', LARGE)],
  ['10 MiB of {"a":', filled('', '{"a":', '', LARGE)],
  ['5 MiB of [ and as many ]', text(() => '['.repeat(LARGE / 2) + ']'.repeat(LARGE / 2))],
  ['1,000 levels of objects', text(() => '{"a":'.repeat(1000) + '1' + '}'.repeat(1000))],
  ['a deep list in metadata', text(() => `{"metadata":${'['.repeat(700)}${']'.repeat(700)}}`)],
  ['10 MiB of one repeated key', list('{', '"a":1', '}', LARGE)],
  ['10 MiB of repeated __proto__', list('{', '"__proto__":{}', '}', LARGE)],
  ['10 MiB of commas', filled('[', ',', ']', LARGE)],
];

/** Small enough in their outline, but costly in another way. */
const CONTENTS: [string, () => Buffer][] = [
  ['1 MiB of nulls', list('{"seats":[', 'null', ']}', MIB)],
  ['10 MiB of digits', filled('', '9', '', LARGE)],
  ['10 MiB of digits in metadata', filled('{"metadata":{"a":', '9', '}}', LARGE)],
  ['10 MiB of escapes', filled('{"metadata":{"a":"', '\\u0041', '"}}', LARGE)],
  ['10 MiB of backslashes', filled('{"email":"', '\\\\', '"}', LARGE)],
  ['10 MiB of one text as an e-mail', filled('{"email":"', 'a', '@example.com"}', LARGE)],
  ['1 MiB of one text as an e-mail', filled('{"email":"', 'a.', '@example.com"}', MIB - 1)],
  ['1 MiB of text as a token', filled('{"invitation_token":"', 'a', '"}', MIB - 1)],
  ['1 MiB of text as a UUID', filled('{"subscription_id":"', '{', '"}', MIB - 1)],
  ['1 MiB of text as a boolean', filled('{"immediate_claim":"', 'Y', '"}', MIB - 1)],
  ['1 MiB of emoji as a name', filled('{"name":"', '😀', '"}', MIB - 1)],
  ['a key of 1 MiB', filled('{"', 'k', '":1}', MIB - 1)],
  ['10 MiB of white space', filled('', ' ', '{}', LARGE)],
  ['10 MiB of an open string', filled('"', 'a', '', LARGE)],
  ['10 MiB of NUL bytes', () => Buffer.alloc(LARGE)],
  ['10 MiB that is not UTF-8', () => Buffer.alloc(LARGE, 0xff)],
  ['lone surrogates', filled('{"metadata":{"a":"', '\\ud800', '"}}', 100_000)],
  ['NUL in a key', text(() => '{"\\u0000":1,"metadata":{"\\u0000":"\\u0000"}}')],
  ['numbers beyond a double', list('{"metadata":{"a":[', '1e999', ']}}', 30_000)],
  ['long fractions', list('{"metadata":{"a":[', '0.1234567890123456789', ']}}', 100_000)],
  ['9,000 different keys', text(() => `{${keys(9_000).join()}}`)],
  ['__proto__ and constructor', text(() => '{"__proto__":{"x":1},"constructor":{"prototype":1}}')],
  ['600 levels in metadata', text(() => `{"metadata":{"a":${nested(590)}}}`)],
  ['10,001 items', list('{"seats":[', '{}', ']}', 10 + 10_001 * 3)],
  ['9,000 items without a recipient', list('{"seats":[', '{}', ']}', 27_000)],
  ['9,000 items of the wrong type', list('{"seats":[', '0', ']}', 18_000)],
  [
    '900 items with an e-mail of 1,000 characters',
    text(() => `{"seats":[${longItems(900).join()}]}`),
  ],
  ['9,000 invalid e-mails', list('{"emails":[', '"ä@ö"', ']}', 70_000)],
];

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `"key${index}":1`);
}

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}

function longItems(count: number): string[] {
  return Array.from({ length: count }, () => `{"email":"${'x'.repeat(1_000)}"}`);
}

export const HOSTILE_BODIES: HostileBody[] = [
  ...OUTLINES.map(([name, bytes]) => ({ name, bytes, refusedByOutline: true })),
  ...CONTENTS.map(([name, bytes]) => ({ name, bytes, refusedByOutline: false })),
];
