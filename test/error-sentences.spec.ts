import { globSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { errorDefinitions } from '../src/platform/api-error.js';
import { sentenceComplaints } from './support/error-style.js';
import './support/app.js';

/*
 * Errors speak in full sentences. startApp checks the errors that tests receive; this test reads the
 * sources, so that it also finds a sentence that no test provokes.
 */

/** The index of the argument that is a sentence, for the functions that make problems. */
const MAKERS: Record<string, number> = { problem: 1, withMessage: 0, unreadableBody: 0 };

/** The texts of an argument: of each branch, with a placeholder for each inserted value. */
function textsOf(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    const inserted = node.templateSpans.map(({ expression, literal }) => {
      return `${expression.getText() === 'FIELD' ? 'The field' : 'X'}${literal.text}`;
    });
    // An inserted value at the end is a further sentence, or nothing.
    return [(node.head.text + inserted.join('')).replace(/X$/, '')];
  }
  if (ts.isConditionalExpression(node)) {
    return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  }
  return [];
}

function sentencesIn(file: string): string[] {
  const classes = errorDefinitions().map(({ error }) => error);
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && classes.includes(node.expression.getText())) {
      found.push(...node.arguments!.slice(0, 1).flatMap(textsOf));
    }
    const index = ts.isCallExpression(node) ? MAKERS[node.expression.getText()] : undefined;
    if (ts.isCallExpression(node) && index !== undefined) {
      found.push(...node.arguments.slice(index, index + 1).flatMap(textsOf));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('every error in the sources is a full sentence', () => {
  const sentences = globSync('src/**/*.ts').flatMap(sentencesIn);
  expect(sentences.length).toBeGreaterThan(40);
  expect(sentenceComplaints(sentences)).toEqual([]);
});

it.each([
  ['without a full stop', 'The field is wrong'],
  ['without a capital letter', 'the field is wrong.'],
])('a sentence %s is found', (_, text) => {
  expect(sentenceComplaints([text])).toHaveLength(1);
});
