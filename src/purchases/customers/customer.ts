/** A customer is a single person or a team. */
export const CUSTOMER_TYPES = ['individual', 'team'] as const;
export type CustomerType = (typeof CUSTOMER_TYPES)[number];
