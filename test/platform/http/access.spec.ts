import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ApiError } from '../../../src/platform/errors.js';
import { type Access, AccessGuard, type Principal } from '../../../src/platform/http/access.js';

const TOKEN: Principal = { kind: 'token', id: 't', organizationId: 'o', scopes: ['seats:read'] };
const SESSION: Principal = {
  kind: 'session',
  id: 's',
  organizationId: 'o',
  customerId: 'c',
  memberId: null,
};
// Kinds that the guard does not know, as a later version might add them.
const UNKNOWN_PRINCIPAL = { ...TOKEN, kind: 'admin' } as unknown as Principal;
const UNKNOWN_ACCESS = { kind: 'admin' } as unknown as Access;

const READ: Access = { kind: 'token', scope: 'seats:read' };
const WRITE: Access = { kind: 'token', scope: 'seats:write' };
const PORTAL: Access = { kind: 'session' };
const PUBLIC: Access = { kind: 'public' };

const SEATS = '/v1/customer-seats';

/** 'passes', or the name of the error. */
function outcome(access: Access | undefined, principal: Principal | undefined, url?: string) {
  const request = { principal, routeOptions: { url, config: { access } } };
  const context = new ExecutionContextHost([request]);
  try {
    return new AccessGuard().canActivate(context) ? 'passes' : 'refused';
  } catch (error) {
    return error instanceof ApiError ? error.error : error;
  }
}

describe('AccessGuard', () => {
  it.each<[string, Access, string, Principal | undefined, string]>([
    ['a token with the scope', READ, 'a token', TOKEN, 'passes'],
    ['a token with another scope', WRITE, 'a token', TOKEN, 'insufficient_scope'],
    ['a token', READ, 'a session', SESSION, 'invalid_token'],
    ['a token', READ, 'an unknown principal', UNKNOWN_PRINCIPAL, 'invalid_token'],
    ['a token', READ, 'nothing', undefined, 'Unauthorized'],
    ['a session', PORTAL, 'a session', SESSION, 'passes'],
    ['a session', PORTAL, 'a token', TOKEN, 'invalid_token'],
    ['a session', PORTAL, 'an unknown principal', UNKNOWN_PRINCIPAL, 'invalid_token'],
    ['a session', PORTAL, 'nothing', undefined, 'Unauthorized'],
    ['nothing', PUBLIC, 'nothing', undefined, 'passes'],
    ['nothing', PUBLIC, 'a token', TOKEN, 'passes'],
    ['nothing', PUBLIC, 'a session', SESSION, 'passes'],
    ['something unknown', UNKNOWN_ACCESS, 'a token', TOKEN, 'NotPermitted'],
    ['something unknown', UNKNOWN_ACCESS, 'a session', SESSION, 'NotPermitted'],
    ['something unknown', UNKNOWN_ACCESS, 'nothing', undefined, 'NotPermitted'],
  ])('a route that demands %s (%j), called with %s: %s', (_, access, __, principal, expected) => {
    expect(outcome(access, principal, SEATS)).toBe(expected);
  });

  it.each([TOKEN, SESSION, undefined])(
    'refuses a route of the API without access metadata, whoever calls: %j',
    (principal) => {
      for (const url of [SEATS, '/v1', '/v1/', undefined]) {
        expect(outcome(undefined, principal, url)).toBe('NotPermitted');
      }
    },
  );

  it.each(['/claim', '/portal/seats', '/health/live', '/v10'])(
    'leaves %s, which has no access metadata, to its own guards',
    (url) => expect(outcome(undefined, undefined, url)).toBe('passes'),
  );
});
