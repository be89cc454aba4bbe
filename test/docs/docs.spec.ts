import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { InjectOptions } from 'fastify';
import { serveDocs } from '../../src/docs/docs.js';
import { GUIDES, IMAGES, REFERENCES } from '../../src/docs/documents.js';
import { ROOT } from '../support/guides.js';
import { httpAppOf } from '../support/http-app.js';
import { testSettings } from '../support/app.js';

const TOKEN = 'seat_oat_of_the_demo';
const DEMO = { DEMO: 'true', PUBLIC_URL: 'http://localhost:3000' };
const DEMO_TOKEN = '/docs/demo-token.json';

const apps: NestFastifyApplication[] = [];
afterAll(() => Promise.all(apps.map((app) => app.close())));

/** A service with the documentation alone. @returns a function that sends it a request. */
async function start(env: Record<string, string> = DEMO) {
  // It needs no database.
  const settings = testSettings({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', ...env });
  const app = await httpAppOf(settings, {});
  apps.push(app);
  serveDocs(app, settings, () => TOKEN);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return (url: string, headers: Record<string, string> = {}, more: InjectOptions = {}) =>
    app.inject({ url, headers: { host: 'localhost:3000', ...headers }, ...more });
}

describe('the files of the docs', () => {
  let get: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    get = await start();
  });

  it.each([
    ['br', 'gzip, deflate, br', brotliDecompressSync],
    ['gzip', 'gzip, br;q=0', gunzipSync],
  ])('are compressed with %s', async (encoding, accepted, decompress) => {
    for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/docs/openapi.json']) {
      const plain = await get(path);
      expect(plain.headers).not.toHaveProperty('content-encoding');
      const compressed = await get(path, { 'accept-encoding': accepted });
      expect(compressed.headers).toMatchObject({
        'content-encoding': encoding,
        'content-type': plain.headers['content-type'],
        vary: 'accept-encoding',
      });
      expect(decompress(compressed.rawPayload).equals(plain.rawPayload)).toBe(true);
      expect(compressed.rawPayload.length).toBeLessThan(plain.rawPayload.length);
    }
  });

  it('are sent once: the next request with their tag is a 304', async () => {
    for (const path of ['/docs', '/docs/openapi.json', '/docs/guides/bulk', '/llms.txt']) {
      const { headers } = await get(path);
      expect(headers['cache-control']).toBe('no-cache');
      const again = await get(path, { 'if-none-match': String(headers['etag']) });
      expect([again.statusCode, again.payload]).toEqual([304, '']);
      expect((await get(path, { 'if-none-match': 'W/"another"' })).statusCode).toBe(200);
    }
  });

  it('are kept without asking when the URL names their version', async () => {
    const { payload } = await get('/docs');
    const files = [...payload.matchAll(/(?:src|href)="(\/docs\/[\w.-]+\?v=[\w-]+)"/g)];
    expect(files).toHaveLength(4);
    for (const [, file = ''] of files) {
      expect((await get(file)).headers['cache-control']).toContain('immutable');
      const other = file.replace(/v=.*/, 'v=another-version');
      expect((await get(other)).headers['cache-control']).toBe('no-cache');
    }
  });

  it('count as public requests', async () => {
    const limited = await start({ ...DEMO, RATE_LIMIT_PUBLIC: '600' });
    for (const path of ['/docs', '/docs/guides/bulk.md', '/llms.txt']) {
      expect((await limited(path)).headers).toHaveProperty('ratelimit');
    }
  });

  it('are the same for other origins, of which only the description is readable', async () => {
    const readable = async (path: string) =>
      'access-control-allow-origin' in
      (await get(path, { origin: 'https://shop.example.com' })).headers;
    expect(await readable('/docs/openapi.json')).toBe(true);
    for (const path of ['/docs', DEMO_TOKEN, `${DEMO_TOKEN}?/docs/openapi.json`]) {
      expect(await readable(path)).toBe(false);
    }
  });
});

describe("the demo's token", () => {
  it('is given to the docs page in a browser on this machine, and not kept', async () => {
    const get = await start();
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST']) {
      const answer = await get(DEMO_TOKEN, { host, 'sec-fetch-site': 'same-origin' });
      expect(answer.json()).toEqual({ token: TOKEN });
      expect(answer.headers).toMatchObject({
        'cache-control': 'private, no-store',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
    expect((await get('/docs')).payload).toContain('data-demo');
  });

  it.each<[string, Record<string, string>, InjectOptions?]>([
    ['another machine', {}, { remoteAddress: '192.168.1.7' }],
    ['another machine by IPv6', {}, { remoteAddress: '2001:db8::7' }],
    ['a name that leads to this machine', { host: 'evil.example.com:3000' }],
    ['a name that begins like this machine', { host: '127.0.0.1.evil.example.com' }],
    ['a name that ends like this machine', { host: 'evil.example.com@localhost' }],
    ['a page of another origin', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }],
    ['an address bar', { 'sec-fetch-site': 'none' }],
    ['a proxy', { 'x-forwarded-for': '127.0.0.1' }],
    ['a proxy of the standard', { forwarded: 'for=192.0.2.1' }],
  ])('is not given to %s', async (_, headers, more = {}) => {
    const get = await start();
    const answer = await get(DEMO_TOKEN, headers, more);
    expect([answer.statusCode, answer.payload.includes(TOKEN)]).toEqual([404, false]);
  });

  it.each([
    ['listens on all addresses', { HOST: '0.0.0.0' }],
    ['has a public URL', { PUBLIC_URL: 'https://seats.example.com' }],
    ['trusts a proxy', { TRUSTED_PROXIES: '10.0.0.1' }],
    ['has no demo', { DEMO: 'false' }],
  ])('is not served by a service that %s', async (_, env) => {
    const get = await start({ ...DEMO, ...env });
    expect((await get(DEMO_TOKEN)).statusCode).toBe(404);
    expect((await get('/docs')).payload).not.toContain('data-demo');
  });
});

it('the page of the API lists the seat routes before any script runs', async () => {
  const get = await start();
  const { payload } = await get('/docs');
  expect(payload).toContain('<a href="#/Customer%20seats/assignSeat"><b>POST</b>');
  expect(payload).toContain('<code>/v1/access</code>');
});

describe('the guides as pages', () => {
  const documents = [...GUIDES, ...REFERENCES];
  let get: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    get = await start();
  });

  it('link only to pages and headings that exist', async () => {
    const pages = new Map<string, string>();
    const load = async (path: string) => {
      const { statusCode, payload } = await get(path);
      pages.set(path, statusCode === 200 ? payload : '');
      return pages.get(path) as string;
    };
    const broken: string[] = [];
    for (const from of ['/docs', '/docs/guides', ...documents.map(({ path }) => path)]) {
      const html = await load(from);
      for (const [, target = ''] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
        // Swagger UI opens the routes of `#/`.
        if (/^(?:https?:|#\/)/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const page = path === '' ? html : (pages.get(path) ?? (await load(path)));
        const isFound = page !== '' && (anchor === undefined || page.includes(`id="${anchor}"`));
        if (!isFound) broken.push(`${from}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
    expect(pages.size).toBeGreaterThan(documents.length * 2);
  });

  it('show code with its language, and nothing of the Markdown', async () => {
    const { payload } = await get('/docs/guides/first-seat');
    for (const language of ['Shell', 'TypeScript']) {
      expect(payload).toContain(`<figcaption>${language}</figcaption>`);
    }
    expect(payload).toContain('<h2 id="prepare">');
    for (const { path } of documents) {
      const html = (await get(path)).payload.replaceAll(/<pre[\s\S]*?<\/pre>/g, '');
      expect(html).not.toMatch(/```|\]\(|^#+ |^\|/m);
    }
  });

  it('allow no script', async () => {
    const { headers, payload } = await get('/docs/guides/bulk');
    expect(payload).not.toContain('<script');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
  });

  it('are Markdown too, with links to Markdown, and code as it was written', async () => {
    for (const { file, path } of documents) {
      const { headers, payload } = await get(`${path}.md`);
      expect(headers['content-type']).toBe('text/markdown; charset=utf-8');
      const codeOf = (text: string) => text.match(/^```[\s\S]*?^```/gm);
      expect(codeOf(payload)).toEqual(codeOf(await readFile(join(ROOT, file), 'utf8')));
      for (const [, target = ''] of payload.matchAll(/(?<!!)\]\((\/[^)#]*)/g)) {
        expect(target).toMatch(/\.(?:md|svg)$/);
        expect((await get(target)).statusCode).toBe(200);
      }
    }
  });

  it('are listed in llms.txt, by URLs that programs can open', async () => {
    const { payload } = await get('/llms.txt');
    expect(payload).toMatch(/^# Seats\n\n> .+\n\n## /);
    const urls = [...payload.matchAll(/^- \[.+\]\((.+)\): .+$/gm)].map(([, url = '']) => url);
    expect(urls).toHaveLength(documents.length + 2);
    for (const url of urls) expect(url).toMatch(/^http:\/\/localhost:3000\/docs\//);
    for (const { path } of documents) expect(urls).toContain(`http://localhost:3000${path}.md`);
  });

  it('have their files in the image', async () => {
    const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
    const image = text.slice(text.lastIndexOf('\nFROM'));
    const copied = [...image.matchAll(/^COPY --from=build (.+) \S+$/gm)]
      .flatMap(([, paths = '']) => paths.split(' '))
      .map((path) => path.replace('/app/', ''));
    const files = [...documents.map((document) => document.file), ...IMAGES];
    expect(files.filter((file) => !copied.some((path) => file.startsWith(path)))).toEqual([]);
  });
});
