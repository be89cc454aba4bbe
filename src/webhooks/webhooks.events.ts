/** What webhooks tell the world about themselves. */
export const WEBHOOK_EVENT_TYPES = ['webhook_endpoint.disabled'] as const;
