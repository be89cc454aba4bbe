import { BlockList, isIP } from 'node:net';
import { parseSender, type Sender } from './mail/sender.js';

export type Role = 'api' | 'worker' | 'all';

/** The environment variables, checked once at boot. README lists every variable. */
export class Settings {
  production: boolean;
  port: number;
  host: string;
  publicUrl: string;
  role: Role;
  /** Undefined only in development, where the start provides a database (preflight.ts). */
  databaseUrl: string | undefined;
  /** Whether the first start creates the demo organization; never in production. */
  demo: boolean;
  /** Undefined: BullMQ on PostgreSQL, rate limits in memory. */
  redisUrl: string | undefined;
  /** Undefined: the built-in mailbox. */
  smtpUrl: string | undefined;
  mailFrom: Sender;
  /** The first key signs and encrypts. All keys verify and decrypt. */
  secretKeys: string[];
  trustedProxies: string[];
  /** Requests per minute of an organization; 0 switches the limit off. */
  rateLimitToken: number;
  /** Requests per minute of an address without a token; 0 switches the limit off. */
  rateLimitPublic: number;
  /** Seconds between two resends of one seat; 0 switches the limit off. */
  resendInterval: number;
  webhookAllowPrivate: boolean;
  /** Days that events are kept; 0 keeps them forever. */
  eventRetentionDays: number;
  /** Days that attempts of webhook deliveries are kept; 0 keeps them forever. */
  deliveryRetentionDays: number;
  databasePoolSize: number;
  workerConcurrency: number;
  /** Connections to the mail server, per worker. */
  smtpMaxConnections: number;
  /** Mails per second of all workers together; 0: no limit. */
  smtpRateLimit: number;
  /** Whether mails and webhooks wait in the database instead of being sent. */
  holdOutbox: boolean;
  /** Seconds between the signal to stop and the closing of the port. */
  shutdownDelay: number;
  /** Undefined: /metrics is served on the main port. */
  metricsPort: number | undefined;
  logLevel: string;
}

/** Invalid settings. The message names variables and rules, never values. */
export class SettingsError extends Error {}

const DEVELOPMENT_KEY = 'development-only-key-do-not-use-in-production';
const SAMPLE_KEYS = [DEVELOPMENT_KEY, 'change-me-to-a-long-random-string-of-your-own'];
const MAX_DAYS = 36_500;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** @throws {SettingsError} one line per variable that breaks its rule. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: T, parse: (text: string) => T, rule: string): T => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return fallback;
    try {
      return parse(text);
    } catch {
      problems.push(`${name} must be ${rule}`);
      return fallback;
    }
  };

  const oneOf = <T extends string>(name: string, fallback: T, values: readonly T[]) =>
    read<T>(
      name,
      fallback,
      (text) => check(values.includes(text as T), text as T),
      `one of ${values.join(', ')}`,
    );
  const flag = (name: string, fallback: boolean) =>
    read(name, fallback, parseFlag, 'true or false');
  const whole = (name: string, fallback: number, min: number, max: number) =>
    read(name, fallback, (t) => parseWhole(t, min, max), `a whole number from ${min} to ${max}`);
  const url = (name: string, ...schemes: string[]) =>
    read<string | undefined>(
      name,
      undefined,
      (text) => parseServiceUrl(text, schemes),
      `a URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}; ` +
        'percent-encode special characters in the user name and the password: # is %23, / is %2F, ' +
        '? is %3F, @ is %40, % is %25',
    );

  const settings = new Settings();
  settings.production =
    oneOf<string>('NODE_ENV', 'development', ['development', 'test', 'production']) ===
    'production';
  settings.port = whole('PORT', 3000, 0, 65535);
  settings.host = env['HOST']?.trim() || '127.0.0.1';
  settings.publicUrl = read(
    'PUBLIC_URL',
    `http://localhost:${settings.port}`,
    parseBase,
    'a URL that starts with http:// or https://, without ? and #',
  );
  settings.role = oneOf<Role>('APP_ROLE', 'all', ['all', 'api', 'worker']);
  settings.databaseUrl = url('DATABASE_URL', 'postgresql:', 'postgres:');
  if (namesOtherSchema(settings.databaseUrl)) {
    problems.push('DATABASE_URL must not name a schema: the tables are in the schema public');
  }
  settings.demo = flag('DEMO', settings.databaseUrl === undefined) && !settings.production;
  settings.redisUrl = url('REDIS_URL', 'redis:', 'rediss:');
  settings.smtpUrl = url('SMTP_URL', 'smtp:', 'smtps:');
  settings.mailFrom = read(
    'MAIL_FROM',
    { name: 'Seats', address: 'seats@localhost' },
    parseSender,
    'one address, such as Seats <seats@example.com>',
  );
  settings.secretKeys = read(
    'SECRET_KEYS',
    [],
    parseKeys,
    'a comma-separated list of keys of 32 or more characters each',
  );
  settings.trustedProxies = read(
    'TRUSTED_PROXIES',
    [],
    parseAddresses,
    'a comma-separated list of addresses or CIDRs, such as 10.0.0.0/8',
  );
  settings.rateLimitToken = whole('RATE_LIMIT_TOKEN', 6000, 0, 1_000_000_000);
  settings.rateLimitPublic = whole('RATE_LIMIT_PUBLIC', 600, 0, 1_000_000_000);
  settings.resendInterval = whole('RESEND_INTERVAL', 60, 0, 86_400);
  settings.webhookAllowPrivate = flag('WEBHOOK_ALLOW_PRIVATE', false);
  settings.eventRetentionDays = whole('EVENT_RETENTION_DAYS', 365, 0, MAX_DAYS);
  settings.deliveryRetentionDays = whole('DELIVERY_RETENTION_DAYS', 30, 0, MAX_DAYS);
  settings.databasePoolSize = whole('DATABASE_POOL_SIZE', 10, 2, 1000);
  settings.workerConcurrency = whole('WORKER_CONCURRENCY', 20, 1, 1000);
  settings.smtpMaxConnections = whole('SMTP_MAX_CONNECTIONS', settings.workerConcurrency, 1, 1000);
  settings.smtpRateLimit = whole('SMTP_RATE_LIMIT', 0, 0, 1_000_000);
  settings.holdOutbox = flag('HOLD_OUTBOX', false);
  // In development nothing routes requests by readiness, and nobody wants to wait.
  settings.shutdownDelay = whole('SHUTDOWN_DELAY', settings.production ? 5 : 0, 0, 300);
  settings.metricsPort = env['METRICS_PORT']?.trim()
    ? whole('METRICS_PORT', 0, 0, 65535)
    : undefined;
  settings.logLevel = oneOf<string>('LOG_LEVEL', 'info', LOG_LEVELS);

  if (settings.port !== 0 && settings.port === settings.metricsPort) {
    problems.push('METRICS_PORT must differ from PORT');
  }
  problems.push(...productionProblems(settings, env));
  if (settings.secretKeys.length === 0) settings.secretKeys = [DEVELOPMENT_KEY];
  if (problems.length > 0) throw new SettingsError(problems.join('\n'));
  return settings;
}

function productionProblems(settings: Settings, env: NodeJS.ProcessEnv): string[] {
  if (!settings.production) return [];
  const problems: string[] = [];
  if (!env['DATABASE_URL']?.trim()) {
    problems.push(
      'DATABASE_URL must be set in production: the PostgreSQL that npm start runs is for development',
    );
  }
  if (!env['PUBLIC_URL']?.trim()) {
    problems.push('PUBLIC_URL must be set in production: invitations link to it');
  }
  if (!env['SECRET_KEYS']?.trim()) {
    problems.push('SECRET_KEYS must be set in production (openssl rand -base64 32 makes one)');
  }
  if (settings.secretKeys.some((key) => SAMPLE_KEYS.includes(key))) {
    problems.push('SECRET_KEYS must not contain a sample value in production');
  }
  if (settings.smtpUrl === undefined && settings.role !== 'api') {
    problems.push('SMTP_URL must be set in production: the built-in mailbox is for development');
  }
  if (settings.smtpUrl !== undefined && !env['MAIL_FROM']?.trim()) {
    problems.push('MAIL_FROM must be set in production: the sender of the invitations');
  }
  return problems;
}

function namesOtherSchema(databaseUrl: string | undefined): boolean {
  if (databaseUrl === undefined) return false;
  const schema = new URL(databaseUrl).searchParams.get('schema');
  return schema !== null && schema !== 'public';
}

function check<T>(fits: boolean, value: T): T {
  if (!fits) throw new RangeError();
  return value;
}

function parseFlag(text: string): boolean {
  return check(['true', 'false'].includes(text), text === 'true');
}

function parseWhole(text: string, min: number, max: number): number {
  const number = Number(text);
  return check(/^\d+$/.test(text) && number >= min && number <= max, number);
}

function parseUrl(text: string, schemes: string[]): string {
  const { protocol, hostname } = new URL(text);
  // The address of a database may name a socket (host=) instead of a host.
  const hasHost = hostname !== '' || text.includes('host=');
  return check(schemes.includes(protocol) && hasHost, text);
}

// Mail servers have no path. The path of a Redis is the number of its database.
const PATHS: Record<string, RegExp> = {
  'smtp:': /^\/?$/,
  'smtps:': /^\/?$/,
  'redis:': /^\/?\d*$/,
  'rediss:': /^\/?\d*$/,
};

/**
 * The address of a service, which may contain a password. A #, / or ? that is not percent-encoded
 * ends the password early, and the rest of the address, with the real host, becomes a path, a query
 * or a fragment. Without this check the service would connect to the wrong host.
 */
function parseServiceUrl(text: string, schemes: string[]): string {
  parseUrl(text, schemes);
  const { protocol, username, password, pathname, search } = new URL(text);
  check(!text.includes('#') && !`${pathname}${search}`.includes('@'), text);
  check(PATHS[protocol]?.test(pathname) ?? true, text);
  // Throws for a % that is not part of an escape.
  decodeURIComponent(username + password + pathname);
  return text;
}

/** The start of every link, without a trailing slash. */
function parseBase(text: string): string {
  parseUrl(text, ['http:', 'https:']);
  return check(!/[?#]/.test(text), text.replace(/\/+$/, ''));
}

function parseKeys(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim());
  return check(
    keys.every((key) => key.length >= 32),
    keys,
  );
}

function parseAddresses(text: string): string[] {
  const list = new BlockList();
  const entries = text.split(',').map((entry) => entry.trim());
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/');
    check(rest.length === 0, entry);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, parseWhole(prefix, 0, 128), family);
  }
  return entries;
}
