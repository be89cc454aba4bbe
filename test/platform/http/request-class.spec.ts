import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { requestClassProblem } from '../../../src/platform/http/request-class.check.js';
import { testSettings } from '../../support/app.js';
import { httpAppOf } from '../../support/http-app.js';

class Item {
  @IsInt()
  count: number;
}

class Good {
  @IsString()
  name: string;

  @IsOptional()
  @IsInt()
  @Type(() => Number)
  page = 1;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Item)
  items?: Item[];
}

class Undecorated {
  name: string;
}

class Forgotten {
  @IsString()
  name: string;

  email: string;
}

class Documented {
  @IsString()
  name: string;

  @ApiProperty()
  email: string;
}

class Inherited extends Documented {
  @IsInt()
  count: number;
}

class Transformed {
  @IsString()
  name: string;

  @Transform(({ value }) => value)
  email: string;
}

class Typed {
  @IsString()
  name: string;

  @Type(() => Number)
  count: number;
}

class Exposed {
  @IsString()
  name: string;

  @Expose()
  email: string;
}

class Defaulted {
  @IsString()
  name: string;

  admin = false;
}

class Untyped {
  @ValidateNested()
  item: Item;
}

class Unchecked {
  @IsOptional()
  @Type(() => Item)
  item?: Item;
}

class Reordered {
  @ValidateNested({ each: true })
  @Type(() => Item)
  @Transform(({ value }) => (value as unknown[]).toReversed())
  items: Item[];
}

class Renamed {
  @IsString()
  @Expose({ name: 'full_name' })
  name: string;
}

class Hidden {
  @IsString()
  @Exclude()
  name: string;
}

class Kinds {
  @ValidateNested()
  @Type(() => Item, {
    discriminator: { property: 'kind', subTypes: [{ value: Item, name: 'item' }] },
  })
  item: Item;
}

class Deep {
  @ValidateNested({ each: true })
  @Type(() => Documented)
  items: Documented[];
}

class Tree {
  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Tree)
  children?: Tree[];
}

describe('requestClassProblem', () => {
  it.each([[Good], [Item], [Tree]])('finds nothing wrong with %p', (type) => {
    expect(requestClassProblem(type)).toBeUndefined();
  });

  it.each<[new () => object, string]>([
    [Undecorated, 'Undecorated has no property with a validation decorator'],
    [Forgotten, 'Forgotten.email has no validation decorator'],
    [Documented, 'Documented.email has no validation decorator'],
    [Inherited, 'Inherited.email has no validation decorator'],
    [Transformed, 'Transformed.email has no validation decorator'],
    [Typed, 'Typed.count has no validation decorator'],
    [Exposed, 'Exposed.email has no validation decorator'],
    [Defaulted, 'Defaulted.admin has no validation decorator'],
    [Untyped, 'Untyped.item has @ValidateNested without a class in @Type'],
    [Unchecked, 'Unchecked.item has a class in @Type without @ValidateNested'],
    [Reordered, 'Reordered.items has both @Transform and @ValidateNested'],
    [Renamed, 'Renamed.name has another name in @Expose'],
    [Hidden, 'Hidden.name is hidden by @Exclude'],
    [Kinds, 'Kinds.item has @Type with a discriminator'],
    [Deep, 'Documented.email has no validation decorator'],
  ])('says what is wrong with %p', (type, expected) => {
    expect(requestClassProblem(type)).toMatch(expected);
  });
});

describe('the boot', () => {
  // Nothing here connects to it.
  const settings = testSettings({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' });

  @Controller('pages')
  class WithBody {
    @Post()
    post(@Body() body: Documented): unknown {
      return body;
    }
  }

  @Controller('pages')
  class WithQuery {
    @Get()
    get(@Query() query: Undecorated): unknown {
      return query;
    }
  }

  @Controller('pages')
  class WithPath {
    @Get(':name')
    get(@Param() path: Record<string, string>): unknown {
      return path;
    }
  }

  @Controller('pages')
  class Sound {
    @Post(':id')
    post(@Body() body: Good, @Query('page') page: unknown, @Param('id') id: string): unknown {
      return { body, page, id };
    }
  }

  it.each([
    [WithBody, '@Body() of WithBody.post: Documented.email has no validation decorator'],
    [
      WithQuery,
      '@Query() of WithQuery.get: Undecorated has no property with a validation decorator',
    ],
    [WithPath, '@Param() of WithPath.get: needs a class with validated properties'],
  ])('stops at %p', async (controller, message) => {
    const app = await httpAppOf(settings, { controllers: [controller] });
    await expect(app.init()).rejects.toThrow(message);
  });

  it('goes on with classes that are sound, and answers in the contract’s shape', async () => {
    const app = await httpAppOf(settings, { controllers: [Sound] });
    await app.init();
    const send = async (payload: object) =>
      (await app.inject({ method: 'POST', url: '/pages/7?page=2', payload })).json();
    const page = '2';
    expect(await send({ name: 'a', page: '3', other: 1 })).toEqual({
      body: { name: 'a', page: 3 },
      page,
      id: '7',
    });
    expect(await send({ name: 5, items: [{ count: 'x' }] })).toMatchObject({
      error: 'RequestValidationError',
      detail: [
        { type: 'string_type', loc: ['body', 'name'], msg: 'name must be a string', input: 5 },
        {
          type: 'int_parsing',
          loc: ['body', 'items', 0, 'count'],
          msg: 'count must be an integer number',
          input: 'x',
        },
      ],
    });
    await app.close();
  });
});
