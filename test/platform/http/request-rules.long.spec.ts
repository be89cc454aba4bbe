import type { Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { requestClassesOf } from '../../../src/platform/http/request-class.check.js';
import {
  fieldsOf,
  type RequestClass,
  toInstance,
} from '../../../src/platform/http/request-class.js';
import { isValid } from '../../../src/platform/http/request-rules.js';
import { startApp, type TestApp } from '../../support/app.js';

/*
 * The service runs class-validator's and class-transformer's metadata itself, because the libraries
 * search it again for every request. With generated values for every request class, the results must be
 * those of the libraries.
 */

let api: TestApp;
let classes: RequestClass[];

beforeAll(async () => {
  api = await startApp();
  const controllers = api.app.get(DiscoveryService, { strict: false }).getControllers();
  const found = controllers.flatMap(({ metatype }) => requestClassesOf(metatype as Type<object>));
  const nested = found.flatMap((type) =>
    [...fieldsOf(type).values()].flatMap((field) => field.nested ?? []),
  );
  classes = [...new Set([...found, ...nested])];
});
afterAll(() => api?.close());

const VALUES = [
  ...[
    '',
    ' ',
    'a',
    'ada@example.com',
    'Ada <ADA@example.com>',
    'x'.repeat(300),
    'true',
    '7',
    '0',
    'all',
  ],
  ...['8f14e45f-ceea-467f-a0e6-8b1d1b7b7a10', '8F14E45FCEEA467FA0E68B1D1B7B7A10', 'not-a-uuid'],
  ...[
    'https://example.com/a',
    'javascript:alert(1)',
    '2026-02-28T10:00:00Z',
    '2026-02-30T10:00:00Z',
  ],
  ...['pending', 'active', 'de', 'return', 'customer_seats:read'],
  ...[0, 1, -1, 1.5, 7, 86_400, 1e9, NaN, true, false, null],
  ...[[], ['a'], [1, 'pending'], ['ada@example.com'], [null], {}, { a: 1 }, { a: { b: [1] } }],
];

describe('for each request class', () => {
  const objectOf = (type: RequestClass): fc.Arbitrary<Record<string, unknown>> => {
    const fields = [...fieldsOf(type)].map(
      ([name, { nested }]): [string, fc.Arbitrary<unknown>] => {
        const value = fc.constantFrom(...VALUES);
        if (nested === undefined) return [name, value];
        const part = objectOf(nested);
        return [name, fc.oneof(part, fc.array(part, { maxLength: 3 }), value)];
      },
    );
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  };

  it('a request is valid when class-validator finds no error', () => {
    let valid = 0;
    for (const type of classes) {
      fc.assert(
        fc.property(objectOf(type), (sent) => {
          const instance = toInstance(type, sent);
          const errors = validateSync(instance, { whitelist: true, forbidUnknownValues: false });
          if (errors.length === 0) valid += 1;
          return isValid(instance) === (errors.length === 0);
        }),
        { numRuns: 200 },
      );
    }
    expect(classes.length).toBeGreaterThan(30);
    expect(valid).toBeGreaterThan(classes.length);
  });

  it('an instance has the values that class-transformer gives it', () => {
    for (const type of classes) {
      fc.assert(
        fc.property(objectOf(type), (sent) => {
          const present = withoutAbsent(sent, type);
          expect(toInstance(type, sent)).toEqual(plainToInstance(type, present));
        }),
        { numRuns: 100 },
      );
    }
  });
});

/** The request without its unknown fields, and without nulls that mean that a field is absent. */
function withoutAbsent(sent: unknown, type: RequestClass): unknown {
  if (Array.isArray(sent)) return sent.map((item) => withoutAbsent(item, type));
  if (typeof sent !== 'object' || sent === null) return sent;
  const entries = Object.entries(sent).flatMap(([name, value]): [string, unknown][] => {
    const field = fieldsOf(type).get(name);
    if (field === undefined || (value === null && !field.keepsNull)) return [];
    return [[name, field.nested ? withoutAbsent(value, field.nested) : value]];
  });
  return Object.fromEntries(entries);
}
