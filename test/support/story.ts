import {
  type SeatsClient,
  storefront,
  version0,
  version1,
} from '../../examples/storefront/storefront.js';

/** The secrets that must never be stored or logged in plain text. */
export interface Secrets extends Record<string, string[]> {
  'access token': string[];
  'invitation token': string[];
  'session token': string[];
}

/**
 * Runs the storefront example with both of Polar's clients.
 * @returns its output.
 */
export async function playStorefront(
  url: string,
  token: string,
  readLinks: (email: string) => Promise<string[]>,
  secrets: Secrets,
): Promise<string> {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  for (const version of [version0, version1]) {
    const client = recordSecrets(version(url, token), secrets);
    await storefront({ url, token, client, readLinks, print });
  }
  return lines.join('\n');
}

/** The same client, which also records the secrets of each claim. */
function recordSecrets(client: SeatsClient, secrets: Secrets): SeatsClient {
  return {
    ...client,
    claim: async (token) => {
      secrets['invitation token'].push(token);
      const claimed = await client.claim(token);
      secrets['session token'].push(claimed.sessionToken);
      return claimed;
    },
  };
}

/** Creates a subscription through the API. @returns its id. */
export async function sellSeats(url: string, token: string, seats: number): Promise<string> {
  const post = async (path: string, body: object) => {
    const answer = await call(url, token, 'POST', `/v1/${path}`, body);
    if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const product = await post('products', { name: 'Team plan' });
  const email = `buyer-${crypto.randomUUID()}@example.com`;
  const customer = await post('customers', { email, name: 'Example Ltd' });
  const sold = { product_id: product.id, customer_id: customer.id, seats };
  return (await post('subscriptions', sold)).id;
}

/** Sends an HTTP request with a JSON body. */
export async function call(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** Assigns a seat to each person in concurrent requests. @returns the statuses of the responses. */
export async function assignAll(
  url: string,
  token: string,
  subscriptionId: string,
  emails: string[],
): Promise<number[]> {
  return Promise.all(
    emails.map(async (email) => {
      const body = { subscription_id: subscriptionId, email };
      return (await call(url, token, 'POST', '/v1/customer-seats', body)).status;
    }),
  );
}
