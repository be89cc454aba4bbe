export { createSeatsClient, SeatsClient, type SeatsClientOptions } from './client.ts';
export { type ErrorBodyOf, type ErrorName, SeatsError } from './errors.ts';
export type { ErrorBody, QueryOf, RequestOptions } from './operations.ts';
export { type Delivery, verifyWebhook, WebhookVerificationError } from './webhooks.ts';
export type * from './schema.ts';
