/** What a person may do for the customer that they belong to. */
export const MEMBER_ROLES = ['owner', 'billing_manager', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/**
 * What stands in the e-mail column of an erased member. The top-level domain is reserved (RFC 2606),
 * so that nothing can ever be delivered there.
 */
export function erasedEmail(memberId: string): string {
  return `deleted+${memberId}@deleted.invalid`;
}
