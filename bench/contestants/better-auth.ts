/*
 * better-auth with its organization plugin, over its Node handler. It reports the session's token and
 * the ids of its organizations to the parent process.
 *
 * TypeScript does not know better-auth: it is installed only for the benchmarks.
 */
import { createServer } from 'node:http';
import { Pool } from 'pg';

const load = (name: string): Promise<any> => import(name);
const { betterAuth } = await load('better-auth');
const { bearer, organization } = await load('better-auth/plugins');
const { toNodeHandler } = await load('better-auth/node');
const { getMigrations } = await load('better-auth/db/migration');

const UNLIMITED = 1_000_000_000;
const port = Number(process.env['PORT']);
const auth = betterAuth({
  database: new Pool({
    connectionString: process.env['DATABASE_URL'],
    max: Number(process.env['DATABASE_POOL_SIZE']),
  }),
  baseURL: `http://127.0.0.1:${port}`,
  secret: process.env['SECRET_KEYS'],
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [
    bearer(),
    organization({
      membershipLimit: UNLIMITED,
      invitationLimit: UNLIMITED,
      organizationLimit: UNLIMITED,
      // The service does not send its mails during the request either.
      sendInvitationEmail: async () => undefined,
    }),
  ],
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const { token, user } = await auth.api.signUpEmail({
  body: { name: 'Owner', email: 'owner@example.com', password: 'a long password' },
});
const organizations: string[] = [];
for (let n = 0; n < Number(process.env['BENCH_POOLS']); n += 1) {
  const created = await auth.api.createOrganization({
    body: { name: `Team ${n}`, slug: `team-${n}`, userId: user.id },
  });
  organizations.push(created.id);
}
process.send?.({ token, organizations });
const handle = toNodeHandler(auth);
createServer((request, response) => void handle(request, response)).listen(port, '127.0.0.1');
