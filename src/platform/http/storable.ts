import { type LocatedProblem, problem, RequestValidationError } from '../errors.js';
import { FIELD } from '../sentences.js';

/** An object or a list with a link to its parent. The path is built only for a problem. */
interface Visit {
  value: object;
  name: string | number;
  parent: Visit | undefined;
}

/**
 * Refuses parsed JSON that PostgreSQL cannot store: NUL characters, lone surrogates, and numbers
 * beyond a double. It uses its own stack, so deep nesting cannot overflow the call stack.
 * @throws {RequestValidationError} for the first one; its path starts with `place`.
 */
export function refuseUnstorable(root: object, place: string): void {
  const pending: Visit[] = [{ value: root, name: '', parent: undefined }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { value } = visit;
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) check(value[index], index, visit);
    } else {
      for (const key in value) {
        const message = messageFor(key);
        if (message) throw unstorable(visit, `${message} in a key.`);
        check((value as Record<string, unknown>)[key], key, visit);
      }
    }
  }

  function check(item: unknown, name: string | number, parent: Visit): void {
    if (typeof item === 'object' && item !== null) {
      pending.push({ value: item, name, parent });
      return;
    }
    const message = messageFor(item);
    if (message) throw unstorable({ value: parent, name, parent }, `${message}.`);
  }

  function unstorable(visit: Visit, message: string): RequestValidationError {
    return RequestValidationError.at([place, ...pathOf(visit)], problem('value_error', message));
  }
}

function messageFor(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (value.includes('\0')) return `${FIELD} must not contain NUL characters`;
    if (!value.isWellFormed()) return `${FIELD} must not contain unpaired surrogates`;
  }
  // JSON has numbers of any size. As a double they become infinite, and JSON stores that as null.
  const tooLarge = typeof value === 'number' && !Number.isFinite(value);
  return tooLarge ? `${FIELD} is too large for a number` : undefined;
}

function pathOf(visit: Visit): LocatedProblem['loc'] {
  const path: LocatedProblem['loc'] = [];
  for (let at = visit; at.parent !== undefined; at = at.parent) path.unshift(at.name);
  return path;
}
