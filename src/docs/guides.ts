import { renderHtml } from '../platform/html/html-page.js';
import { docsPage, TEMPLATES } from './docs-page.js';
import { type Document, GUIDES, markdownOf, REFERENCES, titleOf } from './documents.js';
import { renderInline, renderMarkdown } from './markdown.js';
import { StaticText } from './static-text.js';

const SECTION = '/docs/guides';

/** The page of a document, with links to the others. */
export function documentPage(document: Document): StaticText {
  const html = renderMarkdown(markdownOf(document, ''));
  const data = { html, path: document.path, groups: groups() };
  return docsPage({
    title: titleOf(document),
    section: SECTION,
    content: renderHtml(TEMPLATES, 'guide.eta', data),
  });
}

/** The Markdown of a document, for programs. */
export function documentMarkdown(document: Document): StaticText {
  return new StaticText(markdownOf(document, '.md'), {
    'content-type': 'text/markdown; charset=utf-8',
  });
}

/** The list of the guides and of the documents that they refer to. */
export function guidesPage(): StaticText {
  const content = renderHtml(TEMPLATES, 'guides.eta', { groups: groups() });
  return docsPage({ title: 'Guides', section: SECTION, content });
}

/**
 * The list of all documents for language models, as https://llmstxt.org describes it.
 * @param base the public URL of the service.
 */
export function llmsText(base: string): StaticText {
  const list = (documents: readonly Document[]) =>
    documents.map((document) => {
      const { path, summary } = document;
      return `- [${titleOf(document)}](${base}${path}.md): ${summary}`;
    });
  const lines = [
    '# Seats',
    '',
    '> A service that manages the seats of subscriptions and orders: it assigns seats to people, invites them, and tells applications whether a person may use a product. It implements Polar’s customer-seats API.',
    '',
    '## API',
    '',
    `- [OpenAPI description](${base}/docs/openapi.json): Every route, with its errors and examples.`,
    `- [Errors](${base}/docs/errors.md): The cause of each error, and what to do about it.`,
    '',
    '## Guides',
    '',
    ...list(GUIDES),
    '',
    '## Optional',
    '',
    ...list(REFERENCES),
    '',
  ];
  return new StaticText(lines.join('\n'), { 'content-type': 'text/plain; charset=utf-8' });
}

/** The documents as the templates list them. */
function groups() {
  const entries = (documents: readonly Document[]) =>
    documents.map((document) => ({
      path: document.path,
      title: titleOf(document),
      summary: renderInline(document.summary),
    }));
  return [
    { title: 'Guides', documents: entries(GUIDES) },
    { title: 'Reference', documents: entries(REFERENCES) },
  ];
}
