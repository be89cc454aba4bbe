import { readAddresses } from '../../src/portal/addresses.js';

const LONG = 'x'.repeat(101);

test.each<[string, string, string[], string[]]>([
  [
    'separators of all kinds',
    'a@x.io,b@x.io; c@x.io\nd@x.io\te@x.io',
    ['a', 'b', 'c', 'd', 'e'],
    [],
  ],
  ['names as mail programs write them', 'Ada B <a@x.io>, "Hopper, Grace" <b@x.io>', ['a', 'b'], []],
  ['a name after an address', 'a@x.io Grace <b@x.io>', ['a', 'b'], []],
  ['addresses in brackets alone', '<a@x.io><b@x.io>', ['a', 'b'], []],
  ['the same person twice', 'a@x.io A@X.IO', ['A'], []],
  ['what is no address', 'Ada, a@x.io', ['a'], ['Ada']],
  // Names without an end would make reading a long text take ages.
  ['the last six words of a long name', 'A B C D E F G <a@x.io>', ['a'], ['A']],
  ['no word of 101 characters as a name', `${LONG} <a@x.io>`, ['a'], [LONG]],
  ['no 201 characters as a quoted name', `"${LONG}${LONG}" <a@x.io>`, ['a'], [`"${LONG}${LONG}"`]],
  ['nothing', ' ,;\n', [], []],
])('reads %s', (_, text, names, invalid) => {
  const emails = names.map((name) => `${name}@x.io`);
  expect(readAddresses(text)).toEqual({ emails, invalid });
});
