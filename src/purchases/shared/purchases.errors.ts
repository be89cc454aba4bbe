import { isDuplicate } from '../../platform/database/database-errors.js';
import {
  problem,
  type ApiError,
  Conflict,
  NotPermitted,
  noSuch,
  RequestValidationError,
} from '../../platform/errors.js';
import { FIELD } from '../../platform/sentences.js';

/**
 * @param id what the object was looked up by, under the name `key`.
 * @throws ResourceNotFound the row is null.
 */
export function orNotFound<Row>(row: Row | null, kind: string, id: string, key = 'id'): Row {
  if (row === null) throw noSuch(kind, id, key);
  return row;
}

/** A request asked to leave a final status. */
export function finalStatus(kind: string, status: string): ApiError {
  return new NotPermitted(`This ${kind} is ${status}, which is final. Create a new one instead.`);
}

/**
 * Runs `work`, and turns the violation of a unique index into a 409 that names the field. A check
 * beforehand would not do: two concurrent requests could both pass it.
 *
 * @param messages the message for each index that the caller's input can violate.
 * @throws Conflict
 */
export async function conflictOnDuplicate<T>(
  messages: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const [, message] = Object.entries(messages).find(([index]) => isDuplicate(error, index)) ?? [];
    throw message === undefined ? error : new Conflict(message);
  }
}

/** @throws RequestValidationError the body of a PUT names an external_id other than the path's. */
export function assertSameExternalId(externalId: string, sent: string | undefined): void {
  if (sent === undefined || sent === externalId) return;
  const msg = `${FIELD} must be equal to the external_id in the path, or absent.`;
  throw RequestValidationError.at(['body', 'external_id'], problem('value_error', msg), sent);
}

/** @throws Conflict the body of a PUT chooses an id, and the object has another one. */
export function assertSameId(kind: string, id: string, sent: string | undefined): void {
  if (sent === undefined || sent === id) return;
  throw new Conflict(`The ${kind} with this external_id has the id ${id}. Send that id, or none.`);
}
