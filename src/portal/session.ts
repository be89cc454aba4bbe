/*
 * What is true of portal sessions: how long they last, and what they allow.
 */

/** A session ends an hour after it was opened, whatever happens in it. */
export const SESSION_SECONDS = 60 * 60;

const MANAGING_ROLES = ['owner', 'billing_manager'];

/**
 * Whether a session may see and change the buyer's seats. Without a role it is the session of the
 * buyer itself. A role that is not known here may not.
 */
export function mayManage(role: string | null): boolean {
  return role === null || MANAGING_ROLES.includes(role);
}
