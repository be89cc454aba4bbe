/*
 * Receives webhooks with Express and the Standard Webhooks library.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/express.ts
 */
import express from 'express';
import { Webhook } from 'standardwebhooks';

/** Processes an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** Creates the application, with the route POST /webhooks. It calls `handle` once per event. */
export function receiver(secret: string, handle: Handle): express.Express {
  const webhook = new Webhook(secret);
  const app = express();
  // An event can arrive more than once. A real receiver stores the ids in its database for about a
  // week, in the same transaction as the work.
  const seen = new Set<string>();
  // The signature covers the raw body, so no parser may change the body before it is verified.
  app.post(
    '/webhooks',
    express.raw({ type: 'application/json', limit: '1mb' }),
    (request, response) => {
      const body = request.body as Buffer;
      try {
        webhook.verify(body, request.headers as Record<string, string>);
      } catch {
        response.status(401).end();
        return;
      }
      // Respond before the work: after 10 seconds without a response the service retries later.
      response.status(204).end();
      const id = request.header('webhook-id') ?? '';
      if (seen.has(id)) return;
      seen.add(id);
      handle(JSON.parse(body.toString()));
    },
  );
  return app;
}

if (import.meta.main) {
  const secret = process.env['WEBHOOK_SECRET'];
  if (secret === undefined) throw new Error('Set WEBHOOK_SECRET to the secret of the endpoint.');
  receiver(secret, (event) => console.log(event)).listen(4000);
}
