/*
 * Receives webhooks with Fastify and the Standard Webhooks library.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/fastify.ts
 */
import { fastify, type FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';

/** Processes an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** Creates the application, with the route POST /webhooks. It calls `handle` once per event. */
export function receiver(secret: string, handle: Handle): FastifyInstance {
  const webhook = new Webhook(secret);
  const app = fastify();
  // An event can arrive more than once. A real receiver stores the ids in its database for about a
  // week, in the same transaction as the work.
  const seen = new Set<string>();
  // The signature covers the raw body, so no parser may change the body before it is verified.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/webhooks', async (request, reply) => {
    const body = request.body as string;
    const headers = request.headers as Record<string, string>;
    try {
      webhook.verify(body, headers);
    } catch {
      return reply.code(401).send();
    }
    // Respond before the work: after 10 seconds without a response the service retries later.
    void reply.code(204).send();
    const id = headers['webhook-id'] ?? '';
    if (!seen.has(id)) {
      seen.add(id);
      handle(JSON.parse(body));
    }
    return reply;
  });
  return app;
}

if (import.meta.main) {
  const secret = process.env['WEBHOOK_SECRET'];
  if (secret === undefined) throw new Error('Set WEBHOOK_SECRET to the secret of the endpoint.');
  await receiver(secret, (event) => console.log(event)).listen({ port: 4000 });
}
