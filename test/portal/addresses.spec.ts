import { readAddresses } from '../../src/portal/addresses.js';

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
  ['nothing', ' ,;\n', [], []],
])('reads %s', (_, text, names, invalid) => {
  const emails = names.map((name) => `${name}@x.io`);
  expect(readAddresses(text)).toEqual({ emails, invalid });
});

test('a long text of anything is read in a moment', () => {
  const start = performance.now();
  readAddresses('word '.repeat(20_000));
  readAddresses('"'.repeat(100_000));
  readAddresses('a'.repeat(100_000));
  expect(performance.now() - start).toBeLessThan(2_000);
});
