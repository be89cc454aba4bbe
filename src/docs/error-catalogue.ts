import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { type ErrorDefinition, errorDefinitions } from '../platform/api-error.js';
import { type HtmlPage, renderPage, renderText } from '../platform/html/html-page.js';

const TITLE = 'Errors';
const STYLE = readFileSync(join(import.meta.dirname, 'errors.css'), 'utf8');

/** The errors of one name. They can have several statuses and causes. */
export interface CatalogueEntry {
  /** Also the anchor of the entry, to which `doc_url` leads. */
  name: string;
  cases: ErrorDefinition[];
}

/** All errors that the service can answer, by their least status and then by their names. */
export function catalogue(): CatalogueEntry[] {
  const byName = Map.groupBy(errorDefinitions(), ({ error }) => error);
  return [...byName]
    .map(([name, cases]) => ({ name, cases: cases.toSorted((a, b) => a.status - b.status) }))
    .sort((a, b) => statusOf(a) - statusOf(b) || (a.name < b.name ? -1 : 1));
}

/** The catalogue as a page that needs no script. */
export function cataloguePage(): HtmlPage {
  return renderPage(
    import.meta.dirname,
    'errors.eta',
    { title: TITLE, entries: shownEntries() },
    { lang: 'en', title: `${TITLE} · Seats API`, styles: [STYLE] },
  );
}

/** The catalogue as Markdown, for programs that read documentation. */
export function catalogueMarkdown(): string {
  const data = { title: TITLE, entries: shownEntries() };
  return renderText(import.meta.dirname, 'errors.md.eta', data);
}

function shownEntries() {
  return catalogue().map(({ name, cases }) => ({
    name,
    statuses: [...new Set(cases.map(({ status }) => status))],
    cases: cases.map(({ status, cause, remedy, example }) => ({
      status: `${status} ${STATUS_CODES[status]}`,
      cause,
      remedy,
      example: JSON.stringify(example, null, 2),
    })),
  }));
}

function statusOf({ cases }: CatalogueEntry): number {
  return cases[0]?.status ?? 0;
}
