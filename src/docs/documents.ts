import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

// src/docs and dist/docs have the same depth, so this path works for both.
const ROOT = join(import.meta.dirname, '../..');
// Code, which may look like a link, or a link or an image that is not a web address.
const CODE_OR_LINK =
  /(```[\s\S]*?```|`[^`\n]*`)|(!?)\[([^\][]*)\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g;

/** A Markdown file of the repository that the service shows as a page. */
export interface Document {
  /** The path in the repository. */
  file: string;
  /** The path of the page. The Markdown is there too, with `.md` at the end. */
  path: string;
  summary: string;
  /** The title in lists; the first heading by default. */
  title?: string;
}

const guide = (name: string, summary: string): Document => ({
  file: `docs/guides/${name}.md`,
  path: `/docs/guides/${name}`,
  summary,
});

/** The guides, in the order in which a reader meets them. */
export const GUIDES: readonly Document[] = [
  guide('first-seat', 'Assign and claim a seat, with curl and with TypeScript.'),
  guide(
    'life-of-a-seat',
    'The states of a seat, what changes them, and the events of each change.',
  ),
  guide('gate-your-app', 'Ask with `GET /v1/access` whether a person may use a product.'),
  guide('your-own-mails', 'Send the invitations yourself, and show your own page behind the link.'),
  guide('bulk', 'Assign and revoke up to 10,000 seats in one request.'),
  guide('webhooks', 'Receive signed events, and verify them in TypeScript and in Python.'),
  guide('portal', 'Let buyers manage their own seats.'),
  guide('moving-from-polar', 'Keep Polar’s client, and change its address and its token.'),
  guide('going-live', 'A checklist for production.'),
];

/** The other documents that the guides refer to. */
export const REFERENCES: readonly Document[] = [
  {
    file: 'README.md',
    path: '/docs/readme',
    summary: 'Overview, operation and settings.',
    title: 'Readme',
  },
  {
    file: 'docs/webhooks.md',
    path: '/docs/webhooks',
    summary: 'Signatures, retries, rotation and event types of webhooks.',
  },
  {
    file: 'docs/reliability.md',
    path: '/docs/reliability',
    summary: 'The guarantees of the service, and the tests that check them.',
  },
  { file: 'SECURITY.md', path: '/docs/security', summary: 'How the service protects data.' },
];

const DOCUMENTS = [...GUIDES, ...REFERENCES];

/** The images of the documents, by their paths in the repository. */
export const IMAGES = ['docs/guides/life-of-a-seat.svg'];

/** The bytes of a file of the repository. */
export function readFile(file: string): Buffer {
  return readFileSync(join(ROOT, file));
}

/** The path at which the service shows an image. */
export function imagePath(file: string): string {
  return `/${file}`;
}

/**
 * The Markdown of a document, with links that work in the service. Files that only the repository
 * has lose their link.
 * @param suffix the ending of the pages that links lead to.
 */
export function markdownOf({ file }: Document, suffix: '' | '.md'): string {
  const text = readFile(file).toString();
  const serve = (link: string, mark: string, label: string, target: string, anchor = '') => {
    if (target === '') return link;
    const wanted = posix.join(posix.dirname(file), target);
    if (IMAGES.includes(wanted)) return `${mark}[${label}](${imagePath(wanted)})`;
    const page = DOCUMENTS.find((document) => document.file === wanted);
    if (page !== undefined) return `[${label}](${page.path}${suffix}${anchor})`;
    return mark === '' ? label : '';
  };
  return text.replaceAll(CODE_OR_LINK, (match, code: string | undefined, ...link: string[]) =>
    code === undefined
      ? serve(match, ...(link.slice(0, 4) as [string, string, string, string]))
      : match,
  );
}

/** The title of a document. */
export function titleOf({ file, title }: Document): string {
  return title ?? /^# (.+)$/m.exec(readFile(file).toString())?.[1] ?? file;
}
