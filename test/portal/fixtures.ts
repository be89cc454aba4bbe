import type { Answer, CallOptions, Tenant, TestApp } from '../support/app.js';
import { newEmail } from '../seats/fixtures.js';

export const PORTAL = '/v1/customer-portal/seats';
export const SESSIONS = '/v1/customer-sessions';

/** POST /v1/customer-sessions. */
export function tryOpen(tenant: Tenant, body: object, more: CallOptions = {}): Promise<Answer> {
  return tenant.call('POST', SESSIONS, { body, ...more });
}

/** The token of a new session. Fails the test if the session is refused. */
export async function sessionFor(tenant: Tenant, body: object): Promise<string> {
  const answer = await tryOpen(tenant, body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.token;
}

/** The path and the code of the link to the portal for a new session. */
export async function linkFor(
  tenant: Tenant,
  body: object,
): Promise<{ path: string; code: string }> {
  const { pathname, search, searchParams } = new URL(
    (await tryOpen(tenant, body)).body.customer_portal_url,
  );
  return { path: pathname + search, code: searchParams.get('code') ?? '' };
}

/** A new member of a customer. */
export function newMember(tenant: Tenant, customer_id: string, role = 'member', more = {}) {
  return tenant.create('members', { customer_id, email: newEmail(), role, ...more });
}

/** A response with an HTML page. */
export interface PageResponse {
  status: number;
  body: string;
  headers: Record<string, string | string[] | number | undefined>;
}

type Headers = Record<string, string | undefined>;

/** A browser without JavaScript on the portal's pages. `token` is the session in its cookie. */
export interface PortalBrowser {
  open(url: string, headers?: Headers): Promise<PageResponse>;
  send(url: string, form?: Record<string, string>, headers?: Headers): Promise<PageResponse>;
}

export function browse(api: TestApp, token: string | undefined): PortalBrowser {
  const request = async (
    method: 'GET' | 'POST',
    url: string,
    headers: Headers,
    payload?: string,
  ): Promise<PageResponse> => {
    const all = { ...(token !== undefined && { cookie: `seat_portal=${token}` }), ...headers };
    const response = await api.app.inject({
      method,
      url,
      headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
      ...(payload !== undefined && { payload }),
    });
    return { status: response.statusCode, body: response.body, headers: response.headers };
  };
  return {
    open: (url, headers = {}) => request('GET', url, headers),
    send: (url, form = {}, headers = {}) => {
      const formHeaders = {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
      };
      const payload = new URLSearchParams(form).toString();
      return request('POST', url, { ...formHeaders, ...headers }, payload);
    },
  };
}
