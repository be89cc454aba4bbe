import { type ApiError, Conflict, NotPermitted, ResourceNotFound } from '../../platform/errors.js';
import { isDuplicate } from '../../platform/database/failures.js';

/** An object of this tenant that does not exist, was deleted, or is another tenant's: all alike. */
export function notFound(thing: string, name: string): ApiError {
  return new ResourceNotFound(`There is no ${thing} ${name}.`);
}

/** `row`, or a 404 that names what was looked for. */
export function found<Row>(row: Row | null, thing: string, name: string): Row {
  if (row === null) throw notFound(thing, name);
  return row;
}

/** A final status was to be left. */
export function finalStatus(thing: string, status: string): ApiError {
  return new NotPermitted(`This ${thing} is ${status}, which is final.`);
}

/**
 * Runs `work`, and turns the refusal of a unique index into a 409 that names the field. The index
 * decides, not a look beforehand: of two requests at once exactly one wins.
 *
 * @param indexes the sentence for each index that the caller's input can run into.
 */
export async function refusingDuplicates<T>(
  indexes: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const sentences = Object.entries(indexes);
    const [, sentence] = sentences.find(([index]) => isDuplicate(error, index)) ?? [];
    throw sentence === undefined ? error : new Conflict(sentence);
  }
}
