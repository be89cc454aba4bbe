import { excerpt } from '../../src/platform/excerpt.js';

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe('the excerpt of a value', () => {
  it.each([null, 5, 'text', true, [1, { a: [] }], { a: 'x', b: { c: null } }, 'x'.repeat(1000)])(
    'is the value itself when it is short: %j',
    (value) => expect(excerpt(value)).toEqual(value),
  );

  it.each([
    ['a long text', 'x'.repeat(100_000)],
    ['a text of emoji', '😀'.repeat(1_000)],
    ['a text of control characters', '\u0001'.repeat(2_000)],
    ['lone surrogates', '\ud800'.repeat(2_000)],
    ['a long list', Array(10_000).fill({})],
    ['a list of long texts', Array(100).fill('x'.repeat(500))],
    ['many keys', Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [index, index]))],
    ['a long key', { ['k'.repeat(5_000)]: 1 }],
    ['deep nesting', JSON.parse('['.repeat(600) + ']'.repeat(600))],
    ['long numbers', Array(1_000).fill(1.2345678901234567e-300)],
  ])('has at most 1 KB: %s', (_, value) => expect(bytes(excerpt(value))).toBeLessThanOrEqual(1024));

  it('shows the start of what it cuts', () => {
    expect(excerpt('x'.repeat(2_000))).toMatch(/^x{500,}…$/);
    expect(excerpt(Array(1_000).fill('item'))).toContain('item');
    expect(excerpt({ a: 1, b: 'y'.repeat(5_000) })).toMatchObject({
      a: 1,
      b: expect.stringMatching(/^y/),
    });
  });

  it.each(['seat_oat_abc', 'Bearer seat_cst_abc', 'seat_mst_abc', 'whsec_abc'])(
    'has null in place of a secret: %s',
    (secret) => {
      expect(excerpt(secret)).toBeNull();
      expect(excerpt({ email: secret, list: [secret] })).toEqual({ email: null, list: [null] });
    },
  );
});
