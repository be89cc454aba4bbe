import { globSync, readFileSync } from 'node:fs';
import { buildOpenApi } from '../../src/boot/openapi.js';
import { catalogue } from '../../src/docs/error-catalogue.js';
import { sentenceComplaints } from '../support/error-style.js';
import { startApp, type TestApp } from '../support/app.js';

let api: TestApp;
let page: string;

beforeAll(async () => {
  api = await startApp({ PUBLIC_URL: 'https://seats.example.com/base' });
  page = (await api.call('GET', '/docs/errors')).body;
});
afterAll(() => api?.close());

const names = () => catalogue().map(({ name }) => name);

describe('the catalogue of errors', () => {
  it('has an entry for every error that the sources define', () => {
    const defined = globSync('src/**/*.ts').flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(DEFINITION)].map(([, name]) => name),
    );
    expect(defined).toContain('RequestValidationError');
    expect(new Set(names())).toEqual(new Set(defined));
  });

  it('has an entry for every error of the API description', () => {
    const described = [...JSON.stringify(buildOpenApi(api.app)).matchAll(/"error":"(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(described.length).toBeGreaterThan(20);
    expect(described.filter((name) => !names().includes(name as string))).toEqual([]);
  });

  it('explains each error in full sentences', () => {
    const texts = catalogue().flatMap(({ cases }) =>
      cases.flatMap(({ cause, remedy, example: { detail, error_description } }) => [
        cause,
        remedy,
        ...(Array.isArray(detail) ? detail.map(({ msg }) => msg) : [detail ?? error_description]),
      ]),
    );
    expect(sentenceComplaints(texts)).toEqual([]);
  });
});

/** The name in a call of defineError, defineOAuthError or define. */
const DEFINITION = /\bdefine(?:OAuth)?(?:Error)?\(\s*\d{3},\s*(?:\{\s*error: )?'(\w+)'/g;

describe('the page of errors', () => {
  it('has an anchor, the status and an example for every error', () => {
    for (const { name, cases } of catalogue()) {
      const [, section = ''] = page.split(`<section class="card" id="${name}">`);
      const [content = ''] = section.split('</section>');
      for (const { status, example } of cases) {
        expect(content).toContain(`<h3>${status} `);
        expect(content).toContain(String(example['request_id']));
        expect(content).toContain(`/docs/errors#${name}`);
      }
    }
  });

  it('is where the doc_url of an error leads', async () => {
    const answer = await api.call('GET', '/v1/organization');
    const url = new URL(answer.body.doc_url);
    expect(url.origin + url.pathname).toBe('https://seats.example.com/base/docs/errors');
    expect(page).toContain(`id="${url.hash.slice(1)}"`);
  });

  it('needs no script and no other host', async () => {
    const { status, headers } = await api.call('GET', '/docs/errors');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(headers['content-security-policy']).not.toContain('script-src');
    expect(page).not.toContain('<script');
  });

  it('exists as Markdown', async () => {
    const { status, body, headers } = await api.call('GET', '/docs/errors.md');
    expect([status, headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
    for (const name of names()) expect(body).toContain(`\n## ${name}\n`);
    expect(body).toMatch(/\n\n```json\n\{\n {2}"error": "BadRequest",\n[^`]*\n\}\n```\n\n/);
  });
});
