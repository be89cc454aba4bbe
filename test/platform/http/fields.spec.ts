import { parseUuid } from '../../../src/platform/uuid.js';
import { metadataLength, metadataProblem } from '../../../src/platform/metadata.js';

describe('the length of metadata', () => {
  // len(json.dumps(json.loads(text))) of Python 3.
  it.each<[text: string, length: number]>([
    ['{}', 2],
    ['{"a":1}', 8],
    ['{"a":"b","c":[1,2,{"d":null}]}', 36],
    ['{"k":[]}', 9],
    ['{"k":{}}', 9],
    ['{"k":true,"l":false,"m":null}', 34],
    ['{"k":"é"}', 15],
    ['{"k":"😀"}', 21],
    ['{"ключ":"значение"}', 80],
    ['{"k":"\\u007f"}', 15],
    ['{"k":"\\b\\f\\n\\r\\t\\u0001\\u001f"}', 31],
    ['{"k":"\\"\\\\/"}', 14],
    ['{"k":"</script>\\u2028"}', 24],
    ['{"k":-1.5}', 11],
    ['{"k":12345678901}', 18],
    ['{"k":0.1}', 10],
    ['{"k":1.7976931348623157e+308}', 30],
    ['{"k":[[[[]]]],"l":[1,2,3]}', 31],
    ['{"":""}', 8],
    ['{"__proto__":{"a":1},"constructor":2}', 41],
  ])('of %s is %i', (text, length) => {
    expect(metadataLength(JSON.parse(text))).toBe(length);
  });
});

describe('metadata', () => {
  const text = (count: number) => 'a'.repeat(count);
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

  it.each([
    ['may have 1,024 characters', { k: text(1015) }, undefined],
    ['may not have 1,025 characters', { k: text(1016) }, 'value_error'],
    ['may have ten keys', keys(10), undefined],
    ['may not have eleven keys', keys(11), 'value_error'],
    ['may have eleven keys below one', { k: keys(11) }, undefined],
  ])('%s', (_, metadata, type) => {
    expect(metadataProblem(metadata)?.type).toBe(type);
  });
});

describe('the spellings of a UUID', () => {
  const ID = '0f14d0ab-9605-4a62-a9e4-5ed26688389b';

  it.each([
    ID,
    ID.toUpperCase(),
    ID.replaceAll('-', ''),
    `urn:uuid:${ID}`,
    `URN:UUID:${ID}`,
    `{${ID}}`,
  ])('%s is understood', (text) => expect(parseUuid(text)).toBe(ID));

  it.each([
    '',
    ID.slice(1),
    `${ID}0`,
    `${ID}\n`,
    ` ${ID}`,
    ID.replace('0', 'g'),
    `uuid:${ID}`,
    `{${ID}`,
    `${ID}}`,
    null,
    7,
    {},
  ])('%j is not', (value) => expect(parseUuid(value)).toBeUndefined());
});
