import { parseEmailList } from '../../src/portal/email-list.js';

const LONG = 'x'.repeat(101);

describe('The e-mail list of the invitation form', () => {
  it.each<[string, string, string[], string[]]>([
    [
      'separators of all kinds',
      'a@x.io,b@x.io; c@x.io\nd@x.io\te@x.io',
      ['a', 'b', 'c', 'd', 'e'],
      [],
    ],
    [
      'display names as mail programs write them',
      'Ada B <a@x.io>, "Hopper, Grace" <b@x.io>',
      ['a', 'b'],
      [],
    ],
    ['a display name after an e-mail', 'a@x.io Grace <b@x.io>', ['a', 'b'], []],
    ['e-mails in angle brackets', '<a@x.io><b@x.io>', ['a', 'b'], []],
    ['a duplicate in another case', 'a@x.io A@X.IO', ['A'], []],
    ['a word that is not an e-mail', 'Ada, a@x.io', ['a'], ['Ada']],
    // Without these limits the time to parse a text grows with the square of its length.
    ['a display name of more than six words', 'A B C D E F G <a@x.io>', ['a'], ['A']],
    ['a word of 101 characters before an e-mail', `${LONG} <a@x.io>`, ['a'], [LONG]],
    ['a quoted name of 202 characters', `"${LONG}${LONG}" <a@x.io>`, ['a'], [`"${LONG}${LONG}"`]],
    ['a zero-width character in an e-mail', 'a\u200b@x.io', [], ['a\u200b@x.io']],
    ['a U+FEFF within a word', 'b\ufeffa@x.io', [], ['b\ufeffa@x.io']],
    ['a text without words', ' ,;\n', [], []],
  ])('parses %s', (_, text, names, invalid) => {
    const emails = names.map((name) => `${name}@x.io`);
    expect(parseEmailList(text)).toEqual({ emails, invalid });
  });

  it('returns e-mails in their canonical form', () => {
    const text = 'Jürgen <a@MÜNCHEN.example>, a@xn--mnchen-3ya.example b@x.invalid';
    expect(parseEmailList(text)).toEqual({
      emails: ['a@xn--mnchen-3ya.example'],
      invalid: ['b@x.invalid'],
    });
  });
});
