import { readSettings, SettingsError } from '../../src/platform/config.js';

const KEY = 'k'.repeat(32);
const PRODUCTION = {
  NODE_ENV: 'production',
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

const BASE = 'a URL that starts with http:// or https://, without ? and #';

describe('settings', () => {
  it('need nothing in development', () => {
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
      rateLimitPublic: 60,
      resendInterval: 60,
      webhookAllowPrivate: false,
      eventRetentionDays: 365,
      deliveryRetentionDays: 30,
      databasePoolSize: 10,
      workerConcurrency: 20,
      metricsPort: undefined,
      logLevel: 'info',
    });
  });

  it('take an empty value for an absent one', () => {
    expect(readSettings({ PORT: '', DATABASE_URL: ' ', METRICS_PORT: '' })).toEqual(
      readSettings({}),
    );
  });

  it('make no demo in a database of one’s own, unless told to', () => {
    const DATABASE_URL = 'postgresql://localhost/seats';
    expect(readSettings({ DATABASE_URL }).demo).toBe(false);
    expect(readSettings({ DATABASE_URL, DEMO: 'true' }).demo).toBe(true);
  });

  it('write links without a slash at the end', () => {
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
    [
      'SMTP_URL',
      'smtp://',
      'a URL that starts with smtp:// or smtps://, in which special characters are written as %XX',
    ],
    ['MAIL_FROM', 'Seats', 'one address, such as Seats <seats@example.com>'],
    ['MAIL_FROM', 'a@example.com, b@example.com', 'one address, such as Seats <seats@example.com>'],
    ['APP_ROLE', 'web', 'one of all, api, worker'],
    [
      'DATABASE_URL',
      'mysql://localhost',
      'a URL that starts with postgresql:// or postgres://, in which special characters are written as %XX',
    ],
    ['DEMO', 'yes', 'true or false'],
    [
      'REDIS_URL',
      'localhost:6379',
      'a URL that starts with redis:// or rediss://, in which special characters are written as %XX',
    ],
    [
      'SMTP_URL',
      'mail.example.com',
      'a URL that starts with smtp:// or smtps://, in which special characters are written as %XX',
    ],
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
    ['METRICS_PORT', 'x', 'a whole number from 0 to 65535'],
    ['LOG_LEVEL', 'verbose', 'one of fatal, error, warn, info, debug, trace, silent'],
  ])('refuse %s=%s', (name, value, rule) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name} must be ${rule}`]);
  });

  it('refuse the same port for the API and the metrics', () => {
    expect(problemsOf({ PORT: '3001', METRICS_PORT: '3001' })).toEqual([
      'METRICS_PORT must be another port than PORT',
    ]);
  });

  it('tell all problems at once, and no value', () => {
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
  it('are complete with a key and a mail server', () => {
    expect(problemsOf(PRODUCTION)).toEqual([]);
  });

  it.each([
    ['SECRET_KEYS', { SECRET_KEYS: '' }],
    ['SECRET_KEYS', { SECRET_KEYS: 'development-only-key-do-not-use-in-production' }],
    ['SECRET_KEYS', { SECRET_KEYS: `${KEY},change-me-to-a-long-random-string-of-your-own` }],
    ['SMTP_URL', { SMTP_URL: '' }],
    ['MAIL_FROM', { MAIL_FROM: '' }],
  ])('refuse a missing or sample %s', (name, change) => {
    const problems = problemsOf({ ...PRODUCTION, ...change });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
  });

  it('need no mail server where there is no worker', () => {
    expect(problemsOf({ NODE_ENV: 'production', SECRET_KEYS: KEY, APP_ROLE: 'api' })).toEqual([]);
  });
});
