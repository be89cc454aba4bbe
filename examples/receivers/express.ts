/*
 * Receives webhooks with Express and the Standard Webhooks library.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/express.ts
 */
import express from 'express';
import { Webhook } from 'standardwebhooks';

/** What is done with an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** The application, for POST /webhooks. `handle` gets every event once. */
export function receiver(secret: string, handle: Handle): express.Express {
  const webhook = new Webhook(secret);
  const app = express();
  // An event may come more than once. A real receiver keeps the ids with its data, for a week or
  // so, in the transaction that does what the event asks for.
  const seen = new Set<string>();
  // The signature is over the bytes as they came: do not let anything parse them before.
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
      // Answered at once: what takes longer than ten seconds comes again.
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
