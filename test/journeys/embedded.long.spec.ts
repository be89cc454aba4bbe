import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Browser, Page } from 'playwright-core';
import { linkIn, mailboxLinks, tokenOf } from '../../examples/storefront/storefront.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../tools/embedded-postgres/embedded-postgres.js';
import { startBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { createTenant, type RunningService, startService } from '../support/process.js';
import { describeWith } from '../support/programs.js';
import { dumpDatabase, leaks } from '../support/secrets.js';
import { assignAll, call, playStorefront, sellSeats, type Secrets } from '../support/story.js';

/*
 * The whole story with `npm start`: one process, the embedded PostgreSQL with the queue in it, and
 * the built-in mailbox.
 */

// For people to look at.
const SCREENSHOTS = join(import.meta.dirname, '../../node_modules/.cache/screenshots');

const secrets: Secrets = { 'access token': [], 'invitation token': [], 'session token': [] };
let dataDir: string;
let service: RunningService;
let postgres: EmbeddedPostgres;
let token: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seats-journey-'));
  const env = { DATA_DIR: dataDir, DEMO: 'false' };
  service = await startService(env);
  ({ token } = await createTenant('acme', env));
  secrets['access token'].push(token);
  postgres = await startEmbeddedPostgres(dataDir);
}, 90_000);

afterAll(async () => {
  await postgres?.close();
  await service?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const links = (email: string) => mailboxLinks(service.url, email);

/** Assigns a seat of a new subscription and waits for its mail. @returns the link in it. */
async function invite(email: string): Promise<string> {
  const subscription = await sellSeats(service.url, token, 1);
  expect(await assignAll(service.url, token, subscription, [email])).toEqual([200]);
  const link = await eventually(`a mail to ${email}`, async () => (await links(email))[0]);
  secrets['invitation token'].push(tokenOf(link));
  return link;
}

it('sells, assigns, mails, claims, resends, revokes and lists with both of the clients', async () => {
  const story = await playStorefront(service.url, token, links, secrets);
  expect(story.match(/claimed {3}seat/g)).toHaveLength(4);
  expect(story.match(/3 of 5 seats are free/g)).toHaveLength(2);
  expect(story.match(/access .*: (yes|no)/g)?.map((line) => line.slice(-3))).toEqual([
    ...['yes', ' no', 'yes', ' no'],
  ]);
}, 60_000);

/** Changes the number of seats. @returns the status of the answer. */
async function resize(subscription: string, seats: number): Promise<number> {
  const path = `/v1/subscriptions/${subscription}`;
  return (await call(service.url, token, 'PATCH', path, { seats })).status;
}

it.each<[string, number[]]>([
  ['', []],
  [', while their number changes', [60, 30, 70, 40, 50]],
])(
  'mails exactly those who got one of the seats, of 200 assigned at once%s',
  async (_, sizes) => {
    const subscription = await sellSeats(service.url, token, 50);
    const crowd = Array.from({ length: 200 }, () => `crowd-${randomUUID()}@example.com`);
    const assignAs = (people: string[]) => assignAll(service.url, token, subscription, people);
    const [first] = await Promise.all([
      assignAs(crowd),
      ...sizes.map((size) => resize(subscription, size)),
    ]);
    // A request may have been refused between two changes of the number. Now the number stays, so
    // assigning again takes the last seats.
    const left = crowd.filter((__, index) => first[index] !== 200);
    const second = await assignAs(left);
    expect(new Set([...first, ...second])).toEqual(new Set([200, 400]));
    const refused = left.filter((__, index) => second[index] !== 200);
    const seated = crowd.filter((email) => !refused.includes(email)).sort();
    const path = `/v1/customer-seats?subscription_id=${subscription}`;
    const { body: list } = await call(service.url, token, 'GET', path);
    expect(list).toMatchObject({ available_seats: 0, total_seats: seated.length });
    expect(list.seats.map((seat: any) => seat.email).sort()).toEqual(seated);

    const mails = await eventually('their mails', async () => {
      const mailbox = await call(service.url, token, 'GET', '/dev/mailbox.json');
      const crowdMails = mailbox.body.filter((mail: any) => crowd.includes(mail.to));
      return crowdMails.length >= seated.length && crowdMails;
    });
    expect(mails.map((mail: any) => mail.to).sort()).toEqual(seated);
    secrets['invitation token'].push(...mails.map((mail: any) => tokenOf(linkIn(mail.text))));
  },
  60_000,
);

describeWith('chromium', 'the claim page in a browser without JavaScript', (chromium) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser(chromium);
  }, 60_000);

  afterAll(() => browser?.close());

  async function open(link: string, width: number): Promise<Page> {
    const viewport = { width, height: 800 };
    const page = await browser.newPage({ javaScriptEnabled: false, viewport });
    await page.goto(link);
    return page;
  }

  it.each([
    ['wide', 1280],
    ['phone', 390],
  ])('shows the offer, claims when the button is pressed, and says so: %s', async (name, width) => {
    const email = `${name}@example.com`;
    const page = await open(await invite(email), width);
    const text = await page.innerText('main');
    for (const shown of ['Team plan', 'The acme company', email]) expect(text).toContain(shown);
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-offer.png`), fullPage: true });

    await page.getByRole('button').click();
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await page.innerText('h1')).toBe('The seat is yours');
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-claimed.png`), fullPage: true });
    await page.close();
  });

  it('fits into the width of a phone', async () => {
    const page = await open(await invite('narrow@example.com'), 390);
    const scroll = 'document.documentElement.scrollWidth';
    expect(await page.evaluate(scroll)).toBe(390);
    await page.close();
  });

  it('does not claim the seat when it is merely opened', async () => {
    const link = await invite('scanner@example.com');
    await (await open(link, 1280)).close();
    const { body } = await call(
      service.url,
      token,
      'GET',
      `/v1/customer-seats/claim/${tokenOf(link)}`,
    );
    expect(body).toMatchObject({ can_claim: true });
  });

  it('tells what to do when the link is dead', async () => {
    const link = await invite('late@example.com');
    await call(service.url, token, 'POST', '/v1/customer-seats/claim', {
      invitation_token: tokenOf(link),
    });
    const page = await open(link, 1280);
    expect(await page.innerText('h1')).toBe('This link does not work any more');
    expect(await page.getByRole('button').count()).toBe(0);
    await page.close();
  });
});

it('leaves no token in the clear in the database, its log, or what the service writes', async () => {
  const client = new Client(postgres.url);
  await client.connect();
  const sql = async (text: string, params?: unknown[]) => (await client.query(text, params)).rows;
  const places = {
    'the database': await dumpDatabase(sql),
    "the database's log": await readFile(join(dataDir, 'postgres.log'), 'utf8'),
    'the output': service.output(),
  };
  await client.end();

  expect(secrets['invitation token'].length).toBeGreaterThan(50);
  expect(secrets['session token'].length).toBeGreaterThan(0);
  expect(places['the database']).toContain('crowd-');
  expect(places['the output']).toContain('/v1/customer-seats/claim');
  expect(leaks(places, secrets)).toEqual([]);
});
