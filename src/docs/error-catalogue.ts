import { STATUS_CODES } from 'node:http';
import { type ErrorDefinition, errorDefinitions } from '../platform/api-error.js';
import { renderHtml } from '../platform/html/html-page.js';
import { docsPage, TEMPLATES } from './docs-page.js';
import { StaticText } from './static-text.js';

const TITLE = 'Errors';

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

/** All errors that the service can return, sorted by their lowest status and then by their names. */
export function catalogue(): CatalogueEntry[] {
  const byName = Map.groupBy(errorDefinitions(), ({ error }) => error);
  return [...byName]
    .map(([name, cases]) => ({ name, cases: cases.toSorted((a, b) => a.status - b.status) }))
    .sort((a, b) => statusOf(a) - statusOf(b) || (a.name < b.name ? -1 : 1));
}

/** The catalogue as a page that needs no script. */
export function cataloguePage(): StaticText {
  const data = { title: TITLE, introduction: INTRODUCTION, entries: shownEntries() };
  const content = renderHtml(TEMPLATES, 'errors.eta', data);
  return docsPage({ title: TITLE, section: '/docs/errors', content });
}

/** The catalogue as Markdown, for programs that read documentation. */
export function catalogueMarkdown(): StaticText {
  const sections = shownEntries().map(({ name, cases }) =>
    [`## ${name}`, ...cases.map(caseMarkdown)].join('\n\n'),
  );
  const text = [`# ${TITLE}`, ...INTRODUCTION, ...sections].join('\n\n');
  return new StaticText(`${text}\n`, { 'content-type': 'text/markdown; charset=utf-8' });
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
