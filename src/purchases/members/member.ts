/** The role of a person determines what they can do in the customer portal. */
export const MEMBER_ROLES = ['owner', 'billing_manager', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/**
 * The e-mail of an erased member. The top-level domain is reserved (RFC 2606), so that no mail can
 * be delivered there.
 */
export function erasedEmail(memberId: string): string {
  return `deleted+${memberId}@deleted.invalid`;
}
