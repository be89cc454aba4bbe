import type { ArgumentMetadata } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import {
  Allow,
  ArrayMinSize,
  IsEmail,
  IsEnum,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import {
  type LocatedProblem,
  problem,
  RequestValidationError,
} from '../../../src/platform/errors.js';
import {
  EmailListField,
  IntegerField,
  ListField,
  MetadataField,
  NameField,
  ObjectField,
  ObjectListField,
  TextField,
  UrlField,
  UuidField,
} from '../../../src/platform/http/request-fields.js';
import {
  type HasRules,
  RequestPipe,
  StrictBody,
} from '../../../src/platform/http/validation.pipe.js';

const pipe = new RequestPipe();
type RequestClass<T> = new () => T;

/** The argument that a handler gets for `value`. */
function read<T extends object>(
  metatype: RequestClass<T>,
  value: unknown,
  type: ArgumentMetadata['type'] = 'body',
): Promise<T> {
  return pipe.transform(value, { type, metatype }) as Promise<T>;
}

async function problemsOf(
  metatype: RequestClass<object>,
  value: unknown,
  type?: ArgumentMetadata['type'],
): Promise<LocatedProblem[]> {
  try {
    await read(metatype, value, type);
  } catch (error) {
    if (error instanceof RequestValidationError) return error.body().detail;
    throw error;
  }
  throw new Error('It is valid.');
}

describe('decorators of class-validator', () => {
  enum Color {
    Red = 'red',
  }

  class Item {
    @IsInt()
    @Min(1)
    count: number;
  }

  class Plain {
    @IsEmail()
    email: string;

    @IsOptional()
    @IsEnum(Color)
    color?: Color;

    @IsOptional()
    @IsString({ message: 'A note is a text' })
    @IsNotEmpty()
    note?: string;

    @IsOptional()
    @Type(() => Number)
    @IsNumber()
    price?: number;

    @IsOptional()
    @IsString({ each: true })
    @ArrayMinSize(1)
    @Transform(({ value }) => (typeof value === 'string' ? value.split(',') : value))
    tags?: string[];

    @IsOptional()
    @ValidateNested({ each: true })
    @Type(() => Item)
    items?: Item[];

    @Allow()
    anything?: unknown;
  }

  it('work without our own', async () => {
    const sent = {
      email: 'ada@example.com',
      color: 'red',
      price: '1.5',
      tags: 'a,b',
      items: [{ count: 1 }],
      anything: { constructor: [1] },
    };
    const body = await read(Plain, sent);
    expect(body).toBeInstanceOf(Plain);
    expect(body.items?.[0]).toBeInstanceOf(Item);
    expect(body).toEqual({ ...sent, price: 1.5, tags: ['a', 'b'] });
  });

  it.each<[sent: object, type: string, loc: unknown[], msg: string, input: unknown]>([
    [{}, 'missing', ['email'], 'The field email is required.', null],
    [{ email: null }, 'missing', ['email'], 'The field email is required.', null],
    [{ email: 'x' }, 'value_error', ['email'], 'email must be an email', 'x'],
    [
      { color: 'blue' },
      'enum',
      ['color'],
      'color must be one of the following values: red',
      'blue',
    ],
    [{ note: '' }, 'string_too_short', ['note'], 'note should not be empty', ''],
    [{ note: 5 }, 'string_type', ['note'], 'A note is a text', 5],
    [
      { price: 'much' },
      'value_error',
      ['price'],
      'price must be a number conforming to the specified constraints',
      NaN,
    ],
    [{ tags: [] }, 'too_short', ['tags'], 'tags must contain at least 1 elements', []],
    [{ tags: [5] }, 'string_type', ['tags'], 'each value in tags must be a string', [5]],
    [{ items: [{ count: 'x' }] }, 'int_parsing', ['items', 0, 'count'], expect.anything(), 'x'],
    [
      { items: [{ count: 0 }] },
      'greater_than_equal',
      ['items', 0, 'count'],
      'count must not be less than 1',
      0,
    ],
    [{ items: [5] }, 'dict_type', ['items', 0], expect.anything(), 5],
  ])('answer %j with a problem of the contract', async (sent, type, loc, msg, input) => {
    const given = 'email' in sent || Object.keys(sent).length === 0;
    const body = given ? sent : { email: 'ada@example.com', ...sent };
    expect(await problemsOf(Plain, body)).toEqual([{ type, loc: ['body', ...loc], msg, input }]);
  });

  class Mixed {
    @MaxLength(3)
    @TextField({ description: 'A word.', required: true })
    word: string;

    @MaxLength(3)
    @TextField({ description: 'A secret.', secret: true })
    secret?: string;

    @ValidateBy(
      { name: 'isEven', validator: { validate: (value) => Number(value) % 2 === 0 } },
      { message: 'Input should be even', context: { type: 'less_than_equal' } },
    )
    @IntegerField({ description: 'A number.', min: 0, max: 9 })
    even?: number;
  }

  it.each<[sent: object, expected: object]>([
    [{ word: 'four' }, { type: 'string_too_long', loc: ['body', 'word'], input: 'four' }],
    // The type of the value is reported first, in any order of the decorators.
    [{ word: 5 }, { type: 'string_type', loc: ['body', 'word'], input: 5 }],
    [{ word: '' }, { type: 'string_too_short', loc: ['body', 'word'] }],
    [
      { word: 'a', secret: 'four' },
      { type: 'string_too_long', input: null },
    ],
    [
      { word: 'a', even: '3' },
      { type: 'less_than_equal', msg: 'Input should be even', input: 3 },
    ],
    [
      { word: 'a', even: 'x' },
      { type: 'int_parsing', input: 'x' },
    ],
  ])('work beside our own: %j', async (sent, expected) => {
    const problems = await problemsOf(Mixed, sent);
    expect(problems).toEqual([expect.objectContaining(expected)]);
  });
});

describe('a request class', () => {
  class Inner {
    @MetadataField()
    metadata?: Record<string, unknown>;
  }

  class Outer {
    @MetadataField()
    metadata?: Record<string, unknown>;

    @ObjectListField(() => Inner, { description: 'Items.', max: 2 })
    items?: Inner[];

    @ObjectField(() => Inner, { description: 'One.' })
    one?: Inner;

    @ListField({ description: 'Ids.', uuid: true, max: 2 })
    ids?: string[];
  }

  // JSON.parse makes own keys of all of these names.
  const odd = (): any =>
    JSON.parse(
      '{"constructor":1,"__proto__":{"a":1},"toString":[{"then":null}],"k":{"prototype":{}}}',
    );

  it('does not change any key in objects of the client', async () => {
    const metadata = odd();
    const sent = { metadata, items: [{ metadata }, {}, {}].slice(0, 2), one: { metadata } };
    const body = await read(Outer, sent);
    const texts = [body.metadata, body.items?.[0]?.metadata, body.one?.metadata].map((each) =>
      JSON.stringify(each),
    );
    expect(texts).toEqual(Array(3).fill(JSON.stringify(odd())));
    expect(body.items?.[1]).toEqual(new Inner());
  });

  it('does not change the body that was sent', async () => {
    const sent = { metadata: odd(), unknown: odd(), items: [{ metadata: odd(), more: 1 }] };
    const before = JSON.stringify(sent);
    await read(Outer, sent);
    expect(JSON.stringify(sent)).toBe(before);
  });

  it('leaves out unknown keys and keys that are null', async () => {
    const sent = JSON.parse(
      '{"constructor":{"a":1},"__proto__":{"ids":["x"]},"other":1,"ids":null,"one":{"other":1}}',
    );
    const body = await read(Outer, sent);
    expect(JSON.stringify(body)).toBe('{"one":{}}');
  });

  it.each<[sent: object, expected: [string, ...unknown[]]]>([
    [{ items: {} }, ['list_type', 'items']],
    [{ items: [{}, 5, null] }, ['too_long', 'items']],
    [{ items: [{}, []] }, ['dict_type', 'items', 1]],
    [{ items: [null, { metadata: 1 }] }, ['dict_type', 'items', 0]],
    [{ items: [{ metadata: 1 }, { metadata: 1 }] }, ['dict_type', 'items', 0, 'metadata']],
    [{ ids: [{ a: 1 }] }, ['uuid_parsing', 'ids', 0]],
    [{ one: [] }, ['dict_type', 'one']],
    [{ one: { metadata: [] } }, ['dict_type', 'one', 'metadata']],
  ])('says where %j is wrong', async (sent, [type, ...loc]) => {
    const [first] = await problemsOf(Outer, sent);
    expect(first).toMatchObject({ type, loc: ['body', ...loc] });
  });

  it.each<[ArgumentMetadata['type'], string]>([
    ['body', 'body'],
    ['query', 'query'],
    ['param', 'path'],
  ])('names the place of a %s', async (type, place) => {
    const [first] = await problemsOf(Outer, { ids: ['x'] }, type);
    expect(first?.loc).toEqual([place, 'ids', 0]);
  });

  it('leaves alone arguments that other decorators extract from the request', async () => {
    const value = { kind: 'token' };
    expect(await pipe.transform(value, { type: 'custom', metatype: Outer })).toBe(value);
    expect(await pipe.transform('7', { type: 'query', metatype: Object, data: 'page' })).toBe('7');
  });

  it('checks its rules over several fields last, from the outside in', async () => {
    class Pair implements HasRules {
      @UuidField({ description: 'One.' })
      a?: string;

      @TextField({ description: 'A secret.', secret: true })
      b?: string;

      problem() {
        return this.a === undefined ? problem('value_error', 'a is needed') : undefined;
      }
    }

    class Pairs implements HasRules {
      @ObjectListField(() => Pair, { description: 'Pairs.', max: 9 })
      pairs: Pair[];

      problem() {
        return this.pairs.length === 1 ? problem('value_error', 'One is too few') : undefined;
      }
    }

    expect(await problemsOf(Pairs, { pairs: [{ a: 'x' }] })).toMatchObject([
      { type: 'uuid_parsing' },
    ]);
    expect(await problemsOf(Pairs, { pairs: [{}] })).toMatchObject([
      { loc: ['body'], msg: 'One is too few', input: { pairs: [{}] } },
    ]);
    expect(await problemsOf(Pairs, { pairs: [{}, { b: 'hidden' }] })).toEqual([
      { type: 'value_error', loc: ['body', 'pairs', 0], msg: 'a is needed', input: {} },
      { type: 'value_error', loc: ['body', 'pairs', 1], msg: 'a is needed', input: {} },
    ]);
  });

  it('refuses unknown keys when it is strict, in its strict parts too', async () => {
    class Part extends StrictBody {
      @IsOptional()
      @IsInt()
      known?: number;
    }

    class Whole extends StrictBody {
      @ObjectField(() => Part, { description: 'A part.' })
      part?: Part;
    }

    const problems = await problemsOf(Whole, { other: 1, part: { known: 'x', more: 2 } });
    expect(problems.map(({ type, loc }) => [type, ...loc])).toEqual([
      ['extra_forbidden', 'body', 'other'],
      ['extra_forbidden', 'body', 'part', 'more'],
    ]);
  });
});

describe('a text', () => {
  class Texts {
    @TextField({ description: 'A text.', max: 3 })
    text?: string;
  }

  // class-validator does not count variation selectors: a text of any size would pass.
  it.each(['aaaa', 'a\ufe0f\ufe0f\ufe0f', '😀😀'])(
    'of more than 3 UTF-16 units is too long: %j',
    async (text) => {
      expect(await problemsOf(Texts, { text })).toMatchObject([{ type: 'string_too_long' }]);
    },
  );

  it('that is nothing but a variation selector is not empty', async () => {
    expect(await read(Texts, { text: '\ufe0f' })).toEqual({ text: '\ufe0f' });
  });
});

describe('a name', () => {
  class Named {
    @NameField({ description: 'A name.' })
    name?: string;
  }

  it.each([' ', '\n\t', '\u00a0\u3000', '\u200b', '\u200b \ufeff', '\u0001'])(
    'that cannot be seen is refused: %j',
    async (name) => {
      expect(await problemsOf(Named, { name })).toMatchObject([
        { type: 'value_error', loc: ['body', 'name'], input: name },
      ]);
    },
  );

  it.each(['a', ' a ', '名', '😀', '-'])('may be %j, and stays as it is', async (name) => {
    expect(await read(Named, { name })).toEqual({ name });
  });
});

describe('a URL', () => {
  class Linked {
    @UrlField({ description: 'A URL.' })
    url?: string;
  }

  it.each([
    ['https://EXAMPLE.com', 'https://example.com/'],
    ['https://example.com:443/a/../b?q=ä#f', 'https://example.com/b?q=%C3%A4#f'],
    ['https://münchen.example/', 'https://xn--mnchen-3ya.example/'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
  ])('%s is stored as %s', async (url, stored) => {
    expect(await read(Linked, { url })).toEqual({ url: stored });
  });

  it.each([
    ['', 'string_too_short'],
    ['example.com', 'value_error'],
    ['https://', 'value_error'],
    [' https://example.com', 'value_error'],
    ['https://example.com/a b', 'value_error'],
    ['https://example.com/\n', 'value_error'],
    [`https://example.com/${'ä'.repeat(400)}`, 'string_too_long'],
    [5, 'string_type'],
  ])('%j is a %s', async (url, type) => {
    expect(await problemsOf(Linked, { url })).toMatchObject([{ type, loc: ['body', 'url'] }]);
  });
});

describe('a list of e-mail addresses', () => {
  class Addressed {
    @EmailListField({ description: 'People.', min: 1, max: 3 })
    emails?: string[];
  }

  it('holds them in their canonical form', async () => {
    const emails = [' Ada <ada@EXAMPLE.com>\n', 'user@münchen.example'];
    expect(await read(Addressed, { emails })).toEqual({
      emails: ['ada@example.com', 'user@xn--mnchen-3ya.example'],
    });
  });

  it.each<[emails: unknown, type: string, ...loc: (string | number)[]]>([
    ['ada@example.com', 'list_type'],
    [[], 'too_short'],
    [['a@b.co', 'b@b.co', 'c@b.co', 5], 'too_long'],
    [['a@b.co', 5], 'string_type', 1],
    [['a@b.co', 'nobody'], 'value_error', 1],
    [['a@b.co', { constructor: 1 }], 'string_type', 1],
  ])('%j is a %s', async (emails, type, ...loc) => {
    expect(await problemsOf(Addressed, { emails })).toMatchObject([
      { type, loc: ['body', 'emails', ...loc] },
    ]);
  });
});
