import { hasHidden, replaceHidden } from '../../src/platform/text.js';

describe('hidden characters', () => {
  it.each([
    ['a line break', 'Ada\nLovelace'],
    ['a tab', 'Ada\tLovelace'],
    ['an escape', 'Ada\u001b[31m'],
    ['a C1 control', 'Ada\u0085'],
    ['a line separator', 'Ada\u2028'],
    ['a zero-width space', 'Ada\u200b'],
    ['a soft hyphen', 'A\u00adda'],
    ['a byte order mark', '\ufeffAda'],
    ['a right-to-left override', 'Ada\u202egnp.exe'],
    ['a bidi isolate', 'Ada\u2066'],
    ['tags without a flag', 'Ada\u{e0041}\u{e0042}'],
  ])('are found: %s', (_, text) => {
    expect(hasHidden(text)).toBe(true);
    expect(hasHidden(replaceHidden(text, ' '))).toBe(false);
  });

  it.each([
    ['Persian with a zero-width non-joiner', 'می\u200cخواهم'],
    ['Hindi with a zero-width joiner', 'क्\u200dष'],
    ['a family emoji', '👩\u200d👩\u200d👧'],
    ['an emoji with a variation selector', '❤\ufe0f'],
    ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['an Arabic number sign', '\u0600١٢'],
    ['Japanese with an ideographic space', '山田\u3000太郎'],
  ])('are not: %s', (_, text) => {
    expect(hasHidden(text)).toBe(false);
    expect(replaceHidden(text, ' ')).toBe(text);
  });
});
