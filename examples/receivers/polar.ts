/*
 * Receives webhooks with Polar's client, unmodified, and Node's own HTTP server. In your project,
 * import @polar-sh/sdk/webhooks. With version 1.x, call `webhooks.validateEvent`, which returns a
 * promise.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/polar.ts
 */
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { validateEvent, WebhookVerificationError } from 'polar-sdk-0/webhooks';

/** Processes an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** Creates the server, which accepts a POST to any path. It calls `handle` once per event. */
export function receiver(secret: string, handle: Handle): Server {
  // An event can arrive more than once. A real receiver stores the ids in its database for about a
  // week, in the same transaction as the work.
  const seen = new Set<string>();
  return createServer((request, response) => {
    void text(request).then((body) => {
      const headers = request.headers as Record<string, string>;
      try {
        const event = validateEvent(body, headers, secret);
        // Respond before the work: after 10 seconds without a response the service retries later.
        response.writeHead(204).end();
        const id = headers['webhook-id'] ?? '';
        if (seen.has(id)) return;
        seen.add(id);
        handle(event);
      } catch (error) {
        const forged = error instanceof WebhookVerificationError;
        // 400: this client does not know the type. Subscribe only to the three types that it knows.
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
