import type { FastifyRequest } from 'fastify';
import { clientAddress, proxyTrust } from '../../../src/platform/http/client-address.js';
import { startApp, type TestApp } from '../../support/app.js';
import { errorOf, SEATS } from '../../seats/fixtures.js';

const from = (ip: string, remoteAddress?: string) =>
  clientAddress({ ip, raw: { socket: { remoteAddress } } } as FastifyRequest);

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    [' 203.0.113.7 ', '203.0.113.7'],
    ['[203.0.113.7]:80', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:4711', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (ip, counted) => expect(from(ip)).toBe(counted));

  it.each(['', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', '1.2.3.4:x', 'a'.repeat(9000)])(
    'is the address of the peer when %j is forwarded',
    (ip) => expect(from(ip, '::ffff:198.51.100.2')).toBe('198.51.100.2'),
  );
});

describe('a trusted proxy', () => {
  it.each([
    ['10.1.2.3', true],
    ['10.1.2.3:4711', true],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['[2001:db8::5]:80', true],
    ['2001:db9::5', false],
    ['unknown', false],
  ])('is known however its address is written: %s', (address, trusted) => {
    const trust = proxyTrust(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);
    expect(trust(address)).toBe(trusted);
  });
});

describe('limits by address', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startApp({ RATE_LIMIT_PUBLIC: '2', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
  });
  afterAll(() => api?.close());

  const statuses = async (addresses: string[]) => {
    const answers = [];
    for (const address of addresses) {
      const headers = { 'x-forwarded-for': address };
      answers.push(errorOf(await api.call('GET', SEATS, { headers }))[0]);
    }
    return answers;
  };

  it.each([
    ['ports', ['203.0.113.1:1', '203.0.113.1:2', '[203.0.113.1]:3']],
    ['spellings', ['203.0.113.2', '::ffff:203.0.113.2', '::ffff:cb00:7102']],
    ['addresses of one IPv6 network', ['2001:db8::1', '2001:db8::2', '[2001:db8::3]:80']],
    ['texts that are no address', ['a', 'b', 'c']],
    ['proxies with a port', ['203.0.113.4, 10.0.0.1:80', '203.0.113.4', '203.0.113.4,10.0.0.2']],
  ])('cannot be evaded by using different %s', async (_, addresses) => {
    expect(await statuses(addresses)).toEqual([401, 401, 429]);
  });

  it('are separate for each address and each network', async () => {
    const others = ['203.0.113.5', '203.0.113.6', '2001:db8:0:1::1', '2001:db8:0:2::1'];
    expect(await statuses(others)).toEqual([401, 401, 401, 401]);
  });
});
