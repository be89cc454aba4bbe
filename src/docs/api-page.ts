import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { renderHtml } from '../platform/html/html-page.js';
import { docsPage, TEMPLATES } from './docs-page.js';
import { StaticText } from './static-text.js';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8' };
const STYLES = { 'content-type': 'text/css; charset=utf-8' };

/** The page that shows the API description, and its files. */
export interface ApiPage {
  page: StaticText;
  /** The files by their paths. */
  files: Record<string, StaticText>;
}

/**
 * The page that shows the API description with Swagger UI.
 * @param isDemo whether the page may fetch the token of the demo.
 */
export function apiPage(version: string, isDemo: boolean): ApiPage {
  const library = (name: string) => readFileSync(join(SWAGGER_UI, name));
  const own = (name: string) => readFileSync(join(TEMPLATES, name));
  const files = {
    '/docs/swagger-ui.css': new StaticText(library('swagger-ui.css'), STYLES),
    '/docs/swagger-ui-bundle.js': new StaticText(library('swagger-ui-bundle.js'), SCRIPT),
    '/docs/api.css': new StaticText(own('api.css'), STYLES),
    '/docs/api.mjs': new StaticText(own('api.mjs'), SCRIPT),
  };
  const url = (path: keyof typeof files) => `${path}?v=${files[path].version}`;
  const page = docsPage({
    title: 'API',
    section: '/docs',
    scripts: true,
    content: renderHtml(TEMPLATES, 'api.eta', { version, isDemo }),
    // The browser loads the description and the scripts at the same time.
    head: [
      `<link rel="stylesheet" href="${url('/docs/swagger-ui.css')}">`,
      `<link rel="stylesheet" href="${url('/docs/api.css')}">`,
      `<link rel="preload" href="/docs/openapi.json" as="fetch" crossorigin="anonymous">`,
      `<script defer src="${url('/docs/swagger-ui-bundle.js')}"></script>`,
      `<script type="module" src="${url('/docs/api.mjs')}"></script>`,
    ].join('\n'),
  });
  return { page, files };
}
