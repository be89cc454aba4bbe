import { Marked, Renderer, type Tokens } from 'marked';

const LANGUAGES: Record<string, string> = {
  bash: 'Shell',
  sh: 'Shell',
  ts: 'TypeScript',
  python: 'Python',
  json: 'JSON',
  sql: 'SQL',
  http: 'HTTP',
  text: 'Output',
};

const defaults = new Renderer();
const marked = new Marked({
  renderer: {
    heading({ tokens, text, depth }: Tokens.Heading) {
      const id = slugOf(text);
      const content = this.parser.parseInline(tokens);
      const anchor =
        depth === 1
          ? ''
          : ` <a class="anchor" href="#${id}" aria-hidden="true" tabindex="-1">#</a>`;
      return `<h${depth} id="${id}">${content}${anchor}</h${depth}>\n`;
    },
    code({ text, lang = '' }: Tokens.Code) {
      // The guides mark requests that are refused: `bash fails`.
      const [language = ''] = lang.split(' ');
      const label = LANGUAGES[language] ?? language;
      const caption = label === '' ? '' : `<figcaption>${escapeHtml(label)}</figcaption>`;
      const name = escapeHtml(label || 'Code');
      return `<figure class="code">${caption}<pre tabindex="0" role="region" aria-label="${name}"><code>${escapeHtml(text)}</code></pre></figure>\n`;
    },
    table(token: Tokens.Table) {
      defaults.parser = this.parser;
      return `<div class="table" tabindex="0" role="region" aria-label="Table">${defaults.table(token)}</div>\n`;
    },
  },
});

/** The HTML of a Markdown text of this repository. The text is trusted. */
export function renderMarkdown(text: string): string {
  return marked.parse(text, { async: false });
}

/** As {@link renderMarkdown}, for a part of a line. */
export function renderInline(text: string): string {
  return marked.parseInline(text, { async: false });
}

/** The anchor of a heading, as GitHub forms it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\s-]/gu, '')
    .replaceAll(' ', '-');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
