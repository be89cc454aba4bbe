import { testDatabase } from '../support/database.js';
import {
  cli,
  dataDirectory,
  ensureBuild,
  processesOf,
  ServiceProcess,
} from '../support/processes.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let data: Awaited<ReturnType<typeof dataDirectory>>;
let env: Record<string, string>;

beforeAll(async () => {
  ensureBuild();
  data = await dataDirectory();
  env = { DATA_DIR: data.path };
}, 120_000);
afterAll(() => data.remove());

describe('the command line without a running service', () => {
  it('starts the embedded database, creates an organization, and stops the database', async () => {
    const created = await cli(env, 'org', 'create', '--slug', 'acme', '--name', 'Acme', '--json');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(created.stdout)).toEqual({ id, slug: 'acme', name: 'Acme' });
    expect(await processesOf(data.path)).toEqual([]);
  }, 60_000);

  it('reports an error in one line on standard error, and writes no output', async () => {
    const database = await testDatabase();
    await cli({ DATABASE_URL: database.url }, 'org', 'create', '--slug', 'acme', '--name', 'A');
    const wrong: [args: string[], line: RegExp][] = [
      [['org', 'create', '--slug', 'acme', '--name', 'A'], /^error: Another organization .*\n$/],
      [['org', 'create', '--slug', 'A b', '--name', 'A'], /^error: option '--slug.*\n$/],
      [['org', 'create', '--slug', 'b'], /^error: required option '--name.*\n$/],
      [['token', 'create', '--org', 'nobody'], /^error: There is no organization nobody.*\n$/],
      [
        ['token', 'create', '--org', 'acme', '--scopes', 'fly'],
        /^error: .*Unknown scope: fly.*\n$/,
      ],
      [
        ['token', 'create', '--org', 'acme', '--scopes', 'customer_seats:read', '--all-scopes'],
        /^error: Give either --scopes or --all-scopes, not both\.\n$/,
      ],
      [['token', 'create', '--org', 'acme', '--expires-in', 'soon'], /^error: .*like 90d.*\n$/],
    ];
    const runs = wrong.map(([args]) => cli({ DATABASE_URL: database.url }, ...args));
    expect(await Promise.all(runs)).toMatchObject(
      wrong.map(([, line]) => ({ code: 1, stdout: '', stderr: expect.stringMatching(line) })),
    );
    await database.drop();
  }, 60_000);

  it('names every invalid setting', async () => {
    const ended = await cli({ ...env, APP_ROLE: 'web', LOG_LEVEL: 'loud' }, 'org', 'list');
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/APP_ROLE must be .*\n?LOG_LEVEL must be/);
  });
});

describe('the command line beside a running service', () => {
  it('creates tokens that the service accepts, and revokes them', async () => {
    const service = await ServiceProcess.start(env);
    try {
      const ask = async (token: string) => {
        const headers = { authorization: `Bearer ${token}` };
        return (await fetch(`${service.url}/v1/organization`, { headers })).status;
      };
      await cli(env, 'org', 'create', '--slug', 'live', '--name', 'Live');
      const run = (command: string, ...args: string[]) =>
        cli(env, 'token', command, ...args, '--org', 'live', '--json');
      const before = Date.now();
      const created = await run(
        'create',
        ...['--name', 'ci', '--expires-in', '90d', '--scopes', 'organization:read'],
      );
      const after = Date.now();
      const { id, token, scopes, expires_at } = JSON.parse(created.stdout);
      expect(scopes).toEqual(['organization:read']);
      const issued = Date.parse(expires_at) - 90 * DAY_MS;
      expect([before <= issued, issued <= after]).toEqual([true, true]);
      const other = JSON.parse((await run('create', '--all-scopes')).stdout);
      expect(await ask(token)).toBe(200);
      await run('revoke', other.id);
      expect(await ask(other.token)).toBe(401);
      const list = await run('list');
      expect(JSON.parse(list.stdout).map((each: { id: string }) => each.id)).toEqual([id]);
      expect(list.stdout).not.toContain(token);
    } finally {
      expect(await service.stop()).toMatchObject({ code: 0 });
    }
  }, 120_000);
});
