import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createLogger } from '../../src/platform/logger.js';
import { linesOf } from './log.js';

describe('a log line', () => {
  const written = (fields: object): string => {
    const logger = createLogger('info');
    const lines = linesOf(logger);
    logger.info(fields, 'said');
    return lines.join();
  };

  it.each([
    'token',
    'secret',
    'password',
    'authorization',
    'invitation_token',
    'customer_session_token',
    'client_secret',
    'checkout_client_secret',
  ])('hides %s, at the top and one level below', (name) => {
    const line = written({ [name]: 'p4ssw0rd', body: { [name]: 'p4ssw0rd', seats: 5 } });
    expect(JSON.parse(line)).toMatchObject({
      [name]: '[redacted]',
      body: { [name]: '[redacted]', seats: 5 },
    });
    expect(line).not.toContain('p4ssw0rd');
  });

  it('has the name of the level and an ISO 8601 time', () => {
    const { time, ...line } = JSON.parse(written({}));
    expect(line).toEqual({ level: 'info', msg: 'said' });
    expect(new Date(time).toISOString()).toBe(time);
  });
});

describe('a process whose log has no reader', () => {
  it('logs and ends as usual', async () => {
    const root = join(import.meta.dirname, '../..');
    const program = `
      import { createLogger } from './src/platform/logger.ts';
      const logger = createLogger('info');
      process.stdin.once('data', () => {
        for (let line = 0; line < 3; line += 1) logger.info('a line');
        process.exit(7);
      });
      process.stderr.write('ready');`;
    const loader = join(root, 'test/support/typescript.js');
    const flags = ['--import', loader, '--input-type=module', '--eval', program];
    const child = spawn(process.execPath, flags, { cwd: root, stdio: 'pipe' });
    await once(child.stderr, 'data');
    child.stdout.destroy();
    child.stdin.write('go');
    const killed = setTimeout(() => child.kill('SIGKILL'), 20_000);
    expect(await once(child, 'exit')).toEqual([7, null]);
    clearTimeout(killed);
  }, 60_000);
});
