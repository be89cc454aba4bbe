import { isDuplicate } from '../../platform/database/failures.js';
import {
  problem,
  type ApiError,
  Conflict,
  NotPermitted,
  RequestValidationError,
  ResourceNotFound,
} from '../../platform/errors.js';

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

/**
 * Runs `work`, and once more when somebody else meanwhile wrote the row that it found missing: the
 * second time it finds it.
 */
export async function againIfTaken<T>(index: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDuplicate(error, index)) return work();
    throw error;
  }
}

/** @throws RequestValidationError the body of a PUT names another external_id than its path. */
export function refuseOtherName(externalId: string, sent: string | undefined): void {
  if (sent === undefined || sent === externalId) return;
  const msg = 'The external_id of the path cannot be changed by the body';
  throw RequestValidationError.at(['body', 'external_id'], problem('value_error', msg), sent);
}

/** @throws Conflict the body of a PUT chooses an id, and the object has another one. */
export function refuseOtherId(thing: string, id: string, sent: string | undefined): void {
  if (sent === undefined || sent === id) return;
  throw new Conflict(`The ${thing} with this external_id has the id ${id}.`);
}
