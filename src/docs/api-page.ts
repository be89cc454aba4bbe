import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { renderHtml } from '../platform/html/html-page.js';
import { docsPage, TEMPLATES } from './docs-page.js';
import { StaticText } from './static-text.js';

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const SCRIPT = { 'content-type': 'text/javascript; charset=utf-8' };
const STYLES = { 'content-type': 'text/css; charset=utf-8' };

/** The parts of the API description that the page shows before Swagger UI is ready. */
export interface Description {
  info: { version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, { tags: string[]; summary: string; operationId: string }>>;
}

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
export function apiPage({ info, tags, paths }: Description, isDemo: boolean): ApiPage {
  const [group = { name: '' }] = tags;
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
    content: renderHtml(TEMPLATES, 'api.eta', {
      version: info.version,
      isDemo,
      group: group.name,
      operations: operationsOf(paths, group.name),
    }),
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

/** The operations of a group, with links that open them in Swagger UI. */
function operationsOf(paths: Description['paths'], group: string) {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags }]) => tags.includes(group))
      .map(([method, { summary, operationId }]) => ({
        method: method.toUpperCase(),
        path,
        summary,
        href: `#/${encodeURIComponent(group)}/${operationId}`,
      })),
  );
}
