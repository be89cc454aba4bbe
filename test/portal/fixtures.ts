import type { Answer, CallOptions, Tenant, TestApp } from '../support/app.js';
import { newEmail } from '../seats/fixtures.js';

export const PORTAL = '/v1/customer-portal/seats';
export const SESSIONS = '/v1/customer-sessions';

/** POST /v1/customer-sessions. */
export function tryOpen(tenant: Tenant, body: object, more: CallOptions = {}): Promise<Answer> {
  return tenant.call('POST', SESSIONS, { body, ...more });
}

/** The token of a new session; fails the test when it is refused. */
export async function sessionFor(tenant: Tenant, body: object): Promise<string> {
  const answer = await tryOpen(tenant, body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.token;
}

/** A member of a customer. */
export function newMember(tenant: Tenant, customer_id: string, role = 'member', more = {}) {
  return tenant.create('members', { customer_id, email: newEmail(), role, ...more });
}

/** A browser's cookie for a session. */
function cookieOf(token: string): Record<string, string> {
  return { cookie: `seat_portal=${token}` };
}

/** The pages of the portal, as a browser without JavaScript uses them. */
export function browse(api: TestApp, token: string | undefined) {
  const headers = token === undefined ? {} : cookieOf(token);
  const answer = async (method: 'GET' | 'POST', url: string, more: object, payload?: string) => {
    const sent = Object.entries({ ...headers, ...more }).filter(([, value]) => value !== undefined);
    const page = await api.app.inject({
      method,
      url,
      headers: Object.fromEntries(sent),
      ...(payload !== undefined && { payload }),
    });
    return { status: page.statusCode, body: page.body, headers: page.headers };
  };
  return {
    open: (url: string, more: object = {}) => answer('GET', url, more),
    send: (url: string, form: Record<string, string> = {}, more: object = {}) =>
      answer(
        'POST',
        url,
        {
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
          ...more,
        },
        new URLSearchParams(form).toString(),
      ),
  };
}
