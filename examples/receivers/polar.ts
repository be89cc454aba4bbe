/*
 * Receives webhooks with Polar's client, unmodified, and nothing but Node. In a project of yours it
 * is called @polar-sh/sdk; of its version 1.x use `webhooks.validateEvent`, which returns a promise.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/polar.ts
 */
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { validateEvent, WebhookVerificationError } from 'polar-sdk-0/webhooks';

/** What is done with an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** The server, for POST to any path. `handle` gets every event once. */
export function receiver(secret: string, handle: Handle): Server {
  // An event may come more than once. A real receiver keeps the ids with its data, for a week or
  // so, in the transaction that does what the event asks for.
  const seen = new Set<string>();
  return createServer((request, response) => {
    void text(request).then((body) => {
      const headers = request.headers as Record<string, string>;
      try {
        const event = validateEvent(body, headers, secret);
        // Answered at once: what takes longer than ten seconds comes again.
        response.writeHead(204).end();
        const id = headers['webhook-id'] ?? '';
        if (seen.has(id)) return;
        seen.add(id);
        handle(event);
      } catch (error) {
        const forged = error instanceof WebhookVerificationError;
        // A type that this client does not know: subscribe to the three that it does.
        response.writeHead(forged ? 401 : 400).end();
      }
    });
  });
}

if (import.meta.main) {
  const secret = process.env['WEBHOOK_SECRET'];
  if (secret === undefined) throw new Error('Set WEBHOOK_SECRET to the secret of the endpoint.');
  receiver(secret, (event) => console.log(event)).listen(4000);
}
