import { createLogger } from '../../src/platform/logger.js';
import { linesOf } from './log.js';

describe('a line of the log', () => {
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
  ])('shows no %s, neither at the top nor one level down', (name) => {
    const line = written({ [name]: 'p4ssw0rd', body: { [name]: 'p4ssw0rd', seats: 5 } });
    expect(JSON.parse(line)).toMatchObject({
      [name]: '[redacted]',
      body: { [name]: '[redacted]', seats: 5 },
    });
    expect(line).not.toContain('p4ssw0rd');
  });

  it('says the level by its name and the time as ISO 8601', () => {
    const { time, ...line } = JSON.parse(written({}));
    expect(line).toEqual({ level: 'info', msg: 'said' });
    expect(new Date(time).toISOString()).toBe(time);
  });
});
