import { startApp, type TestApp } from '../../support/app.js';

describe('a page of another origin', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startApp();
  });
  afterAll(() => test.close());

  it('may send a preflight request', async () => {
    const answer = await test.call('OPTIONS', '/v1/customer-seats/claim', {
      headers: {
        origin: 'https://shop.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-headers']).toBe('content-type');
  });

  it('may read responses, including errors, but never with cookies', async () => {
    const { status, headers } = await test.call(
      'GET',
      `/v1/customer-seats/claim/${'x'.repeat(43)}`,
      {
        headers: { origin: 'https://shop.example.com' },
      },
    );
    expect(status).toBe(404);
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(String(headers['access-control-expose-headers']).split(', ').sort()).toEqual([
      'Idempotent-Replayed',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
    ]);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it.each(['/claim', '/portal', '/dev/mailbox', '/dev/mailbox.json', '/metrics'])(
    'may not read %s',
    async (url) => {
      const headers = { origin: 'https://shop.example.com' };
      const answer = await test.call('GET', url, { headers });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    },
  );
});
