import { defineConfig } from 'prisma/config';

// Only the prisma command line reads this file; the service applies its migrations itself.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost:5432/seats' },
});
