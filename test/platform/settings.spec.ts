import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, SettingsError } from '../../src/platform/settings.js';

const KEY = 'k'.repeat(32);
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://db.example.com/seats',
  PUBLIC_URL: 'https://seats.example.com',
  SECRET_KEYS: KEY,
  SMTP_URL: 'smtp://mail.example.com',
  MAIL_FROM: 'Seats <seats@example.com>',
};

function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message.split('\n');
  }
  return [];
}

const serviceUrl = (...schemes: string[]) =>
  `a URL that starts with ${schemes.join(' or ')}; percent-encode special characters in the user ` +
  'name and the password: # is %23, / is %2F, ? is %3F, @ is %40, % is %25';
const BASE = 'a URL that starts with http:// or https://, without ? and #';

describe('settings', () => {
  it('are optional in development', () => {
    expect(readSettings({})).toMatchObject({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      role: 'all',
      databaseUrl: undefined,
      demo: true,
      redisUrl: undefined,
      smtpUrl: undefined,
      trustedProxies: [],
      rateLimitToken: 6000,
      rateLimitPublic: 600,
      resendInterval: 60,
      webhookAllowPrivate: false,
      eventRetentionDays: 365,
      deliveryRetentionDays: 30,
      databasePoolSize: 10,
      workerConcurrency: 20,
      smtpMaxConnections: 20,
      smtpRateLimit: 0,
      holdOutbox: false,
      shutdownDelay: 0,
      metricsPort: undefined,
      logLevel: 'info',
    });
  });

  it('treat an empty value like an absent one', () => {
    expect(readSettings({ PORT: '', DATABASE_URL: ' ', METRICS_PORT: '' })).toEqual(
      readSettings({}),
    );
  });

  it('create no demo in the database of DATABASE_URL unless DEMO is true', () => {
    const DATABASE_URL = 'postgresql://localhost/seats';
    expect(readSettings({ DATABASE_URL }).demo).toBe(false);
    expect(readSettings({ DATABASE_URL, DEMO: 'true' }).demo).toBe(true);
  });

  it('allow a connection to the mail server for each job unless SMTP_MAX_CONNECTIONS is set', () => {
    expect(readSettings({ WORKER_CONCURRENCY: '50' }).smtpMaxConnections).toBe(50);
    const SMTP_MAX_CONNECTIONS = '3';
    expect(readSettings({ SMTP_MAX_CONNECTIONS }).smtpMaxConnections).toBe(3);
  });

  it('remove the slash at the end of PUBLIC_URL', () => {
    expect(readSettings({ PUBLIC_URL: 'https://seats.example.com/' }).publicUrl).toBe(
      'https://seats.example.com',
    );
  });

  it('keep the order of the keys', () => {
    const keys = [KEY, 'l'.repeat(40)];
    expect(readSettings({ SECRET_KEYS: keys.join(' , ') }).secretKeys).toEqual(keys);
  });

  it.each([
    ['NODE_ENV', 'prod', 'one of development, test, production'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '3e3', 'a whole number from 0 to 65535'],
    ['PUBLIC_URL', 'ftp://example.com', BASE],
    ['PUBLIC_URL', 'https://example.com/?a=b', BASE],
    ['PUBLIC_URL', 'https://example.com/#a', BASE],
    ['SMTP_URL', 'smtp://', serviceUrl('smtp://', 'smtps://')],
    ['MAIL_FROM', 'Seats', 'one address, such as Seats <seats@example.com>'],
    ['MAIL_FROM', 'a@example.com, b@example.com', 'one address, such as Seats <seats@example.com>'],
    ['APP_ROLE', 'web', 'one of all, api, worker'],
    ['DATABASE_URL', 'mysql://localhost', serviceUrl('postgresql://', 'postgres://')],
    ['DEMO', 'yes', 'true or false'],
    ['REDIS_URL', 'localhost:6379', serviceUrl('redis://', 'rediss://')],
    ['SMTP_URL', 'mail.example.com', serviceUrl('smtp://', 'smtps://')],
    ['SECRET_KEYS', 'short', 'a comma-separated list of keys of 32 or more characters each'],
    ['SECRET_KEYS', `${KEY},`, 'a comma-separated list of keys of 32 or more characters each'],
    [
      'TRUSTED_PROXIES',
      'proxy',
      'a comma-separated list of addresses or CIDRs, such as 10.0.0.0/8',
    ],
    [
      'TRUSTED_PROXIES',
      '10.0.0.0/33',
      'a comma-separated list of addresses or CIDRs, such as 10.0.0.0/8',
    ],
    [
      'TRUSTED_PROXIES',
      '10.0.0.0/8/8',
      'a comma-separated list of addresses or CIDRs, such as 10.0.0.0/8',
    ],
    ['RATE_LIMIT_TOKEN', '-1', 'a whole number from 0 to 1000000000'],
    ['RATE_LIMIT_PUBLIC', '1.5', 'a whole number from 0 to 1000000000'],
    ['RESEND_INTERVAL', 'off', 'a whole number from 0 to 86400'],
    ['WEBHOOK_ALLOW_PRIVATE', '1', 'true or false'],
    ['EVENT_RETENTION_DAYS', 'never', 'a whole number from 0 to 36500'],
    ['DELIVERY_RETENTION_DAYS', '-1', 'a whole number from 0 to 36500'],
    ['DATABASE_POOL_SIZE', '1', 'a whole number from 2 to 1000'],
    ['WORKER_CONCURRENCY', '0', 'a whole number from 1 to 1000'],
    ['SMTP_MAX_CONNECTIONS', '0', 'a whole number from 1 to 1000'],
    ['SMTP_RATE_LIMIT', '1.5', 'a whole number from 0 to 1000000'],
    ['HOLD_OUTBOX', 'yes', 'true or false'],
    ['SHUTDOWN_DELAY', '5s', 'a whole number from 0 to 300'],
    ['METRICS_PORT', 'x', 'a whole number from 0 to 65535'],
    ['LOG_LEVEL', 'verbose', 'one of fatal, error, warn, info, debug, trace, silent'],
  ])('refuse %s=%s', (name, value, rule) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name} must be ${rule}`]);
  });

  // Each of these would be read as an address of another host, or fail when it is used.
  it.each(['p#ss', '12#34', '12/34', '12?34', 'p%ss', 'p/ss', 'p?ss'])(
    'refuse an address with the password %s, which is not percent-encoded',
    (password) => {
      const rest = `user:${password}@example.com`;
      expect(problemsOf({ SMTP_URL: `smtp://${rest}` })).toHaveLength(1);
      expect(problemsOf({ REDIS_URL: `redis://${rest}` })).toHaveLength(1);
      expect(problemsOf({ DATABASE_URL: `postgresql://${rest}/seats` })).toHaveLength(1);
    },
  );

  it.each([
    ['SMTP_URL', 'smtp://mail.example.com/inbox'],
    ['SMTP_URL', 'smtp://mail.example.com#x'],
    ['REDIS_URL', 'redis://redis.example.com/cache'],
  ])('refuse %s=%s, which has a part without a meaning', (name, value) => {
    expect(problemsOf({ [name]: value })).toHaveLength(1);
  });

  it('accept addresses with percent-encoded passwords and with options', () => {
    const addresses = {
      SMTP_URL: 'smtps://user%40example.com:p%23ss%2F@mail.example.com:465/?tls.servername=mx',
      REDIS_URL: 'rediss://:p%3Fss@redis.example.com:6380/2',
      DATABASE_URL:
        'postgresql://user:p%23ss@localhost/seats?host=/var/run/postgresql&sslmode=require',
    };
    expect(problemsOf(addresses)).toEqual([]);
  });

  it('refuse the same port for the API and the metrics', () => {
    expect(problemsOf({ PORT: '3001', METRICS_PORT: '3001' })).toEqual([
      'METRICS_PORT must differ from PORT',
    ]);
  });

  it('refuse a schema in DATABASE_URL, which would be ignored', () => {
    const DATABASE_URL = 'postgresql://localhost/seats';
    expect(problemsOf({ DATABASE_URL: `${DATABASE_URL}?schema=other` })).toEqual([
      'DATABASE_URL must not name a schema: the tables are in the schema public',
    ]);
    expect(problemsOf({ DATABASE_URL: `${DATABASE_URL}?schema=public` })).toEqual([]);
  });

  it('report all problems at once, without their values', () => {
    const env = { PORT: 'p4ssw0rd', DATABASE_URL: 'p4ssw0rd', SECRET_KEYS: 'p4ssw0rd' };
    const problems = problemsOf(env);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'SECRET_KEYS',
    ]);
    expect(problems.join()).not.toContain('p4ssw0rd');
  });
});

describe('settings in production', () => {
  it('are complete with a database, a public URL, a key, a mail server and a sender', () => {
    expect(problemsOf(PRODUCTION)).toEqual([]);
  });

  it.each([
    ['DATABASE_URL', { DATABASE_URL: '' }],
    ['PUBLIC_URL', { PUBLIC_URL: '' }],
    ['SECRET_KEYS', { SECRET_KEYS: '' }],
    ['SECRET_KEYS', { SECRET_KEYS: 'development-only-key-do-not-use-in-production' }],
    ['SECRET_KEYS', { SECRET_KEYS: `${KEY},change-me-to-a-long-random-string-of-your-own` }],
    ['SMTP_URL', { SMTP_URL: '' }],
    ['MAIL_FROM', { MAIL_FROM: '' }],
  ])('refuse a missing or sample %s', (name, change) => {
    const problems = problemsOf({ ...PRODUCTION, ...change });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  it('report an invalid DATABASE_URL once', () => {
    const problems = problemsOf({ ...PRODUCTION, DATABASE_URL: 'db.example.com' });
    expect(problems).toEqual([expect.stringMatching(/^DATABASE_URL must be a URL/)]);
  });

  it('delay the shutdown by five seconds, so that no request is sent to a closed port', () => {
    expect(readSettings(PRODUCTION).shutdownDelay).toBe(5);
    expect(readSettings({ ...PRODUCTION, SHUTDOWN_DELAY: '0' }).shutdownDelay).toBe(0);
  });

  it('never create a demo, even if DEMO is true', () => {
    expect(readSettings({ ...PRODUCTION, DEMO: 'true' }).demo).toBe(false);
  });

  it('require no mail server without a worker', () => {
    const env = { ...PRODUCTION, SMTP_URL: '', MAIL_FROM: '', APP_ROLE: 'api' };
    expect(problemsOf(env)).toEqual([]);
  });
});

describe('The documents', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  const names = new Set(read('src/platform/settings.ts').match(/(?<=')[A-Z][A-Z_]{3,}(?=')/g));

  it.each([
    ['README.md', (name: string) => `\`${name}\``],
    ['.env.example', (name: string) => `${name}=`],
  ])('%s names every setting', (path, entry) => {
    const text = read(path);
    expect(names.size).toBeGreaterThan(20);
    expect([...names].filter((name) => !text.includes(entry(name)))).toEqual([]);
  });
});
