import { JsonOutline } from '../../../src/platform/http/json-outline.js';

/** The outline of a text that arrives in chunks of `size` bytes. */
function outlineOf(text: string, size = 1, limits = { depth: 10, values: 100 }) {
  const outline = new JsonOutline(limits);
  const bytes = Buffer.from(text);
  let refused;
  for (let start = 0; start < bytes.length && refused === undefined; start += size) {
    refused = outline.push(bytes.subarray(start, start + size));
  }
  return { refused, values: outline.values, hasInexactInteger: outline.hasInexactInteger };
}

describe('the outline of JSON', () => {
  it.each([
    ['1', 1],
    ['[]', 2],
    ['{"a":1,"b":[2,3]}', 5],
    ['"[,{"', 1],
    ['["\\"[,", ","]', 3],
    ['"\\\\"', 1],
    ['{"a\\\\\\"":[1,2]}', 4],
  ])('counts the values of %s, however it is cut into chunks', (text, values) => {
    for (const size of [1, 2, 1000]) expect(outlineOf(text, size).values).toBe(values);
  });

  it('refuses one level and one value too many', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(outlineOf(deep(10)).refused).toBeUndefined();
    expect(outlineOf(deep(11)).refused?.problems).toMatchObject([{ type: 'value_error' }]);
    const wide = (items: number) => `[${Array(items).fill(0).join()}]`;
    expect(outlineOf(wide(99)).refused).toBeUndefined();
    expect(outlineOf(wide(100)).refused?.problems).toMatchObject([{ type: 'too_long' }]);
  });

  it.each([
    ['[9007199254740991]', false],
    ['[9007199254740992]', true],
    ['{"a":-9007199254740993}', true],
    ['[1,123456789012345678901234567890 ]', true],
    ['[9007199254740993.0]', false],
    ['[9007199254740993e0]', false],
    ['[0.9007199254740993]', false],
    ['[1E9007199254740993]', false],
    ['[1e-9007199254740993]', false],
    ['[1e+9007199254740993]', false],
    ['[true,9007199254740993]', true],
    ['["9007199254740993"]', false],
    [`[${'9'.repeat(400)}]`, true],
  ])('finds integers that a double does not hold: %s', (text, found) => {
    expect(outlineOf(text).hasInexactInteger).toBe(found);
    expect(outlineOf(text, 1000).hasInexactInteger).toBe(found);
  });
});
