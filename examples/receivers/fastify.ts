/*
 * Receives webhooks with Fastify and the Standard Webhooks library.
 * It listens on http://localhost:4000/webhooks.
 * WEBHOOK_SECRET=whsec_… npx node examples/receivers/fastify.ts
 */
import { fastify, type FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';

/** What is done with an event. */
export type Handle = (event: { type: string; data: unknown }) => void;

/** The application, for POST /webhooks. `handle` gets every event once. */
export function receiver(secret: string, handle: Handle): FastifyInstance {
  const webhook = new Webhook(secret);
  const app = fastify();
  // An event may come more than once. A real receiver keeps the ids with its data, for a week or
  // so, in the transaction that does what the event asks for.
  const seen = new Set<string>();
  // The signature is over the bytes as they came: do not let anything parse them before.
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
    // Answered at once: what takes longer than ten seconds comes again.
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
