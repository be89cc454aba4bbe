import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { type ErrorDefinition, errorDefinitions } from '../platform/api-error.js';
import { type HtmlPage, renderPage } from '../platform/html/html-page.js';

const TITLE = 'Errors';
const STYLE = readFileSync(join(import.meta.dirname, 'errors.css'), 'utf8');

// Text between backticks is code.
const INTRODUCTION = [
  'Every error response has `error`, `detail`, `request_id` and `doc_url`. Branch on the status and ' +
    'on `error`; the sentences are for people and can change. `doc_url` leads to the entry on this ' +
    'page, and `request_id` is in every log line of the request.',
  'Two errors about tokens have the shape of RFC 6750, with `error_description` in place of ' +
    '`detail`. The `detail` of a 422 is a list of problems.',
];

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
    { title: TITLE, introduction: INTRODUCTION, entries: shownEntries() },
    { lang: 'en', title: `${TITLE} · Seats API`, styles: [STYLE] },
  );
}

/** The catalogue as Markdown, for programs that read documentation. */
export function catalogueMarkdown(): string {
  const sections = shownEntries().map(({ name, cases }) =>
    [`## ${name}`, ...cases.map(caseMarkdown)].join('\n\n'),
  );
  return `${[`# ${TITLE}`, ...INTRODUCTION, ...sections].join('\n\n')}\n`;
}

function caseMarkdown({ status, cause, remedy, example }: ShownCase): string {
  const json = `\`\`\`json\n${example}\n\`\`\``;
  return [`### ${status}`, cause, `Remedy: ${remedy}`, json].join('\n\n');
}

type ShownCase = ReturnType<typeof shownEntries>[number]['cases'][number];

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
