/*
 * A shop that sells seats. It runs against a started service with Polar's TypeScript client,
 * unmodified, in two versions: 0.x (camelCase keys, Date objects, responses validated by zod) and
 * 1.x (the keys of the wire format). `npm run -s storefront` runs it once with each. See README.md.
 * The service's own client does what Polar's cannot: sales, bulk and access checks.
 *
 * Both versions are the package @polar-sh/sdk. Two aliases in package.json let them coexist here.
 */
import { Polar } from 'polar-sdk-0';
import { createPolar } from 'polar-sdk-1/2026-04';
// Your project imports '@seats/client'.
import { createSeatsClient } from '../../clients/typescript/src/index.ts';

/** The seat operations of this shop, independent of the client's version. */
export interface SeatsClient {
  name: string;
  assign(seat: { subscription: string; email: string; claimed?: boolean }): Promise<Seat>;
  list(subscription: string): Promise<{ seats: Seat[]; available: number; total: number }>;
  offer(token: string): Promise<{ product: string; organization: string; email: string }>;
  claim(token: string): Promise<{ seat: Seat; sessionToken: string }>;
  resend(seatId: string): Promise<Seat>;
  revoke(seatId: string): Promise<Seat>;
}

export interface Seat {
  id: string;
  status: string;
  email?: string | null | undefined;
}

/** @polar-sh/sdk 0.x: set `serverURL` to the service. Nothing else changes. */
export function version0(url: string, accessToken: string): SeatsClient {
  const { customerSeats } = new Polar({ serverURL: url, accessToken });
  return {
    name: '@polar-sh/sdk 0.x',
    assign: ({ subscription, email, claimed = false }) =>
      customerSeats.assignSeat({ subscriptionId: subscription, email, immediateClaim: claimed }),
    list: async (subscriptionId) => {
      const { seats, availableSeats, totalSeats } = await customerSeats.listSeats({
        subscriptionId,
      });
      return { seats, available: availableSeats, total: totalSeats };
    },
    offer: async (invitationToken) => {
      const info = await customerSeats.getClaimInfo({ invitationToken });
      const { productName, organizationName, customerEmail } = info;
      return { product: productName, organization: organizationName, email: customerEmail };
    },
    claim: async (invitationToken) => {
      const { seat, customerSessionToken } = await customerSeats.claimSeat({ invitationToken });
      return { seat, sessionToken: customerSessionToken };
    },
    resend: (seatId) => customerSeats.resendInvitation({ seatId }),
    revoke: (seatId) => customerSeats.revokeSeat({ seatId }),
  };
}

/** @polar-sh/sdk 1.x: set `baseUrl` to the service. Nothing else changes. */
export function version1(url: string, accessToken: string): SeatsClient {
  const { customerSeats } = createPolar({ baseUrl: url, accessToken });
  return {
    name: '@polar-sh/sdk 1.x',
    assign: ({ subscription, email, claimed = false }) =>
      customerSeats.assignSeat({ subscription_id: subscription, email, immediate_claim: claimed }),
    list: async (subscription_id) => {
      const list = await customerSeats.listSeats({ subscription_id });
      return { seats: list.seats, available: list.available_seats, total: list.total_seats };
    },
    offer: async (token) => {
      const { product_name, organization_name, customer_email } =
        await customerSeats.getClaimInfo(token);
      return { product: product_name, organization: organization_name, email: customer_email };
    },
    claim: async (invitation_token) => {
      const { seat, customer_session_token } = await customerSeats.claimSeat({ invitation_token });
      return { seat, sessionToken: customer_session_token };
    },
    resend: (seatId) => customerSeats.resendInvitation(seatId),
    revoke: (seatId) => customerSeats.revokeSeat(seatId),
  };
}

export interface Shop {
  url: string;
  /** An organization's token that may write products, customers, subscriptions and seats. */
  token: string;
  client: SeatsClient;
  /** The links in the mails that this address has received so far, oldest first. */
  readLinks: (email: string) => Promise<string[]>;
  print: (line: string) => void;
}

/** Runs the whole scenario: a sale, invitations, claims, a resend and a revocation. */
export async function storefront({ url, token, client, readLinks, print }: Shop): Promise<void> {
  print(`\n${client.name} against ${url}`);

  // 1. Sell a subscription. The service does no billing: this records the sale. The request creates
  //    the product and the buyer, too, and can be repeated.
  const unique = crypto.randomUUID().slice(0, 8);
  const seats = createSeatsClient({ baseUrl: url, token });
  const subscription = await seats.putSubscription(`sale-${unique}`, {
    product: { external_id: 'team-plan', name: 'Team plan' },
    customer: {
      external_id: `buyer-${unique}`,
      email: `buyer-${unique}@example.com`,
      name: 'Example Ltd',
    },
    seats: 5,
  });
  print('sold      5 seats of Team plan to Example Ltd');

  // 2. Polar's client invites two people. The third gets a claimed seat at once, without a mail.
  const [ada, grace, alan] = ['ada', 'grace', 'alan'].map((n) => `${n}-${unique}@example.com`) as [
    string,
    string,
    string,
  ];
  const seatOf = (email: string, claimed?: boolean) =>
    client.assign({ subscription: subscription.id, email, ...(claimed && { claimed }) });
  const adasSeat = await seatOf(ada);
  const gracesSeat = await seatOf(grace);
  const alansSeat = await seatOf(alan, true);
  for (const seat of [adasSeat, gracesSeat, alansSeat]) print(`assigned  ${show(seat)}`);

  // 3. Ada reads her mail, looks at the offer, and claims the seat.
  const link = await nthLink(readLinks, ada, 1);
  print(`mail      ${ada}: ${hideToken(link)}`);
  const offer = await client.offer(tokenOf(link));
  print(`offered   ${offer.product} of ${offer.organization} to ${offer.email}`);
  const { seat, sessionToken } = await client.claim(tokenOf(link));
  print(`claimed   ${show(seat)}, with a session ${sessionToken.slice(0, 9)}… for the portal`);

  // 4. Grace has lost her mail. The new mail has a new link, and the old link no longer works.
  await nthLink(readLinks, grace, 1);
  print(`resent    ${show(await client.resend(gracesSeat.id))}`);
  const newLink = await nthLink(readLinks, grace, 2);
  print(`claimed   ${show((await client.claim(tokenOf(newLink))).seat)}`);

  // 5. Alan leaves the company. His seat becomes free again.
  print(`revoked   ${show(await client.revoke(alansSeat.id))}`);
  const list = await client.list(subscription.id);
  print(`list      ${list.available} of ${list.total} seats are free`);
  for (const each of list.seats) print(`          ${show(each)}`);

  // 6. With the service's own client: ask who has access, then revoke the seats of the whole team.
  const { product_id } = subscription;
  for (const email of [ada, alan]) {
    const { has_access } = await seats.checkAccess({ product_id, email });
    print(`access    ${email}: ${has_access ? 'yes' : 'no'}`);
  }
  const everybody = { subscription_id: subscription.id, all: true };
  const { revoked_count } = await seats.bulkRevokeSeats(everybody);
  print(`revoked   ${revoked_count} seats in one request`);
}

/** The n-th link that this person received. Waits up to 15 seconds for the mail. */
async function nthLink(readLinks: Shop['readLinks'], email: string, n: number): Promise<string> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    const link = (await readLinks(email))[n - 1];
    if (link !== undefined) return link;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`mail number ${n} to ${email} did not come; does a worker run?`);
}

/** The links in the service's built-in mailbox for this address, oldest first. */
export async function mailboxLinks(url: string, email: string): Promise<string[]> {
  const answer = await fetch(`${url}/dev/mailbox.json`);
  if (!answer.ok) throw new Error('there is no mailbox: it needs a service without SMTP_URL');
  const mails = (await answer.json()) as { to: string; text: string }[];
  return mails
    .filter((mail) => mail.to === email)
    .map((mail) => linkIn(mail.text))
    .reverse();
}

/** The invitation's link in the plain text of a mail. */
export function linkIn(text: string): string {
  const [link] = /https?:\/\/\S+[?&]token=[\w-]{43,}/.exec(text) ?? [];
  if (link === undefined) throw new Error('this mail has no link');
  return link;
}

export function tokenOf(link: string): string {
  return new URL(link).searchParams.get('token') as string;
}

/** Hides the token: it is a secret, even in the output of an example. */
function hideToken(link: string): string {
  return link.replace(/token=.*/, 'token=…');
}

function show({ id, status, email }: Seat): string {
  return `seat ${id.slice(0, 8)} ${status}${email ? `, ${email}` : ''}`;
}

if (import.meta.main) {
  const url = process.env['SEATS_URL'] ?? 'http://localhost:3000';
  const token = process.env['SEATS_TOKEN'];
  if (!token) {
    console.error('SEATS_TOKEN: set it to the token that `npm start` prints.');
    process.exit(1);
  }
  for (const client of [version0(url, token), version1(url, token)]) {
    const readLinks = (email: string) => mailboxLinks(url, email);
    await storefront({ url, token, client, readLinks, print: console.log });
  }
}
