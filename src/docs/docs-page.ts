import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderPage } from '../platform/html/html-page.js';
import { StaticText } from './static-text.js';

/** The folder of the templates, styles and scripts of the documentation. */
export const TEMPLATES = join(import.meta.dirname, 'templates');
const STYLE = readFileSync(join(TEMPLATES, 'docs.css'), 'utf8');

/** The links at the top of each page of the documentation. */
const SECTIONS = [
  { path: '/docs', title: 'API' },
  { path: '/docs/guides', title: 'Guides' },
  { path: '/docs/errors', title: 'Errors' },
  { path: '/docs/openapi.json', title: 'OpenAPI' },
];

/** A page of the documentation. */
export interface DocsPage {
  title: string;
  /** The path of the section to which the page belongs. */
  section: string;
  /** The HTML below the header. Not escaped. */
  content: string;
  /** Elements at the end of the head. Not escaped. */
  head?: string;
  /** Whether the page has scripts; none by default. */
  scripts?: boolean;
}

/** A page of the documentation with the header that all of them share. */
export function docsPage({ title, section, content, head = '', scripts }: DocsPage): StaticText {
  const icon = '<link rel="icon" type="image/svg+xml" href="/docs/favicon.svg">';
  const page = renderPage(
    TEMPLATES,
    'docs.eta',
    { content, section, sections: SECTIONS },
    {
      lang: 'en',
      title: `${title} · Seats`,
      styles: [STYLE],
      head: icon + head,
      ...(scripts === true ? { files: true } : { imageOrigins: ["'self'"] }),
    },
  );
  return new StaticText(page.body, page.headers);
}
