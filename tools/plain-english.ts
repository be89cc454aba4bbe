/*
 * Finds phrases that are hard to read in comments, descriptions, error messages, test titles and
 * documents. Each finding says what to write instead.
 *
 *   node tools/plain-english.ts            checks all files of the repository
 *   node tools/plain-english.ts <path>…    checks these files and folders
 *
 * Prints every finding, and exits with 1 if there are any.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import ts from 'typescript';

/** What to do about each phrase, and the pattern that finds it. The first match of a sentence counts. */
const RULES: [advice: string, pattern: RegExp][] = [
  [
    'A clause is the subject. Name the subject: "The relay marks …".',
    /^(?:(?:and|but|so|or|then|for) )?(?:who|whoever|whom|whose|what|whatever|which) (?!is\b[^,]*\?)[a-z]+\b[^?]*$/i,
  ],
  [
    'A clause is the subject.',
    /[,;:] (?:who|whoever|what|whatever) [^?,]+ (?:is|are|gets|comes|goes|must|may|can|has|hears) /,
  ],
  [
    'Say which event or answer is sent.',
    /\b(?:tells?|told|telling) (?:nobody|the world|everybody|anybody|of it|of each|of them)\b/i,
  ],
  [
    'Name the person or the process.',
    /\b(?:nobody|somebody|whoever|anybody) (?:is|are|sees|hears|waits|gets|knows|else is at it|asks|asked|can|may|has|holds|reads|would)\b/i,
  ],
  [
    'Use a standard term.',
    /\b(?:the deed|in hand|all day|for ever|a breath|same breath|one breath|wish(?:es)?|one's own word|by its own word)\b/i,
  ],
  [
    'Use "its own …" or name the owner.',
    /\b(?:a \w+ of (?:its|their|his|her|our|your) own|\w+ of (?:ours|theirs|its|yours)\b(?! [a-z]))/i,
  ],
  [
    'Say "exists" or "is missing".',
    /\b(?:that there is not|there is such|who is not there|what is not there|that is there|those that there are)\b/i,
  ],
  [
    'Say "is refused" or name the error.',
    /\b(?:hears? (?:of|that|what|SeatNot|why)|is no error)\b/i,
  ],
  [
    'Say "otherwise".',
    /\b(?:comes? out otherwise|nor is anything|worth nothing|leads? nowhere|comes? to nothing)\b/i,
  ],
  ['Say "at the same time" or "while".', /\b(?:at it\b|while they are at it)/i],
];

/** A comment, a string or a paragraph, without its marks, and its position in the file. */
interface Text {
  text: string;
  position: number;
}

/** Shorter strings are mostly names and keys. */
const MIN_WORDS_OF_STRING = 4;
const MIN_WORDS_OF_SENTENCE = 3;

const wordsOf = (text: string) => text.split(' ').length;

/** The comments and the strings of a TypeScript or JavaScript file. */
function textsOfSource(file: string, source: string): Text[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const comments = new Map<number, ts.CommentRange>();
  const strings: Text[] = [];
  const visit = (node: ts.Node, isPart: boolean): void => {
    // Two nodes can share a comment, so the map keeps one for each position.
    const leading = ts.getLeadingCommentRanges(source, node.pos) ?? [];
    const trailing = ts.getTrailingCommentRanges(source, node.end) ?? [];
    for (const range of [...leading, ...trailing]) comments.set(range.pos, range);
    const text = isPart ? undefined : stringOf(node);
    if (text !== undefined && wordsOf(text) >= MIN_WORDS_OF_STRING) {
      strings.push({ text, position: node.getStart(tree) });
    }
    // The parts of a sum belong to the text of the sum.
    const inSum = isPart || (text !== undefined && ts.isBinaryExpression(node));
    ts.forEachChild(node, (child) => visit(child, inSum));
  };
  visit(tree, false);
  return [...textsOfComments(source, [...comments.values()]), ...strings];
}

/** The text of a string, a template or a sum of them. Values in templates become "…". */
function stringOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  if (node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [stringOf(node.left), stringOf(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}

/** The texts of the comments. Line comments on adjacent lines are one text. */
function textsOfComments(source: string, comments: ts.CommentRange[]): Text[] {
  const texts: Text[] = [];
  let lineComment: (Text & { end: number }) | undefined;
  for (const { pos, end, kind } of comments.sort((a, b) => a.pos - b.pos)) {
    const comment = source.slice(pos, end);
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      const text = comment.replace(/^\/\*+|\*+\/$/g, '').replace(/\n\s*\*\s?/g, '\n');
      texts.push({ text, position: pos });
      continue;
    }
    const text = comment.replace(/^\/\/\s?/, '');
    if (lineComment !== undefined && source.slice(lineComment.end, pos).trim() === '') {
      lineComment.text += ` ${text}`;
      lineComment.end = end;
    } else {
      lineComment = { text, position: pos, end };
      texts.push(lineComment);
    }
  }
  return texts;
}

/** A Markdown document without its code blocks. Their lines stay, so that line numbers are right. */
function textsOfDocument(source: string): Text[] {
  const text = source.replace(/```[\s\S]*?```/g, (code) => code.replace(/[^\n]/g, ''));
  return [{ text, position: 0 }];
}

/** The comments of a file that is neither source nor Markdown. Adjacent lines are one text. */
function textsOfConfiguration(file: string, source: string): Text[] {
  const mark = { '.sql': '--', '.prisma': '///?' }[extname(file)] ?? '#';
  const blocks = source.matchAll(new RegExp(`(?:^[ \\t]*${mark}.*\\n?)+`, 'gm'));
  return [...blocks].map(({ 0: block, index }) => ({
    text: block.replace(new RegExp(`^[ \\t]*${mark} ?`, 'gm'), ''),
    position: index,
  }));
}

/** The sentences of a text, without list marks and line breaks. */
function sentencesOf(text: string): string[] {
  return text
    .split(/\n\s*\n|\n(?=[-|#>] )|\n@|\|/) // Paragraphs, list items, tags and table cells.
    .flatMap((part) => part.replace(/\s+/g, ' ').split(/(?<=[.!?;:])\s+(?=[A-Z@{`])/))
    .map((sentence) => sentence.replace(/^[\s*#>@-]+/, '').trim())
    .filter((sentence) => wordsOf(sentence) >= MIN_WORDS_OF_SENTENCE);
}

function textsOf(file: string, source: string): Text[] {
  if (/\.(?:ts|js|cjs)$/.test(file)) return textsOfSource(file, source);
  return file.endsWith('.md') ? textsOfDocument(source) : textsOfConfiguration(file, source);
}

const FILES = /\.(?:ts|js|cjs|md|sql|prisma|ya?ml)$|^\.env\.example$|Dockerfile$/;
// Applied migrations cannot change, translations are not English, and the rules match themselves.
const EXCLUDED =
  /^(?:prisma\/migrations\/|package|src\/.*\/locales\/(?!en\.)|tools\/plain-english\.ts)/;

const files = execFileSync('git', ['ls-files', ...process.argv.slice(2)], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => FILES.test(file) && !EXCLUDED.test(file));
let sentences = 0;
let findings = 0;
for (const file of files) {
  const source = readFileSync(file, 'utf8');
  for (const { text, position } of textsOf(file, source)) {
    for (const sentence of sentencesOf(text)) {
      sentences += 1;
      const [advice] = RULES.find(([, pattern]) => pattern.test(sentence)) ?? [];
      if (advice === undefined) continue;
      findings += 1;
      const line = source.slice(0, position).split('\n').length;
      process.stdout.write(`${file}:${line}: ${sentence}\n    ${advice}\n`);
    }
  }
}
process.stdout.write(`${findings} findings in ${sentences} sentences of ${files.length} files\n`);
process.exitCode = findings === 0 ? 0 : 1;
