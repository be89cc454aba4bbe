import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import { isAllowedAddress } from '../../../src/platform/net/addresses.js';
import {
  ForbiddenAddress,
  Outbound,
  type OutboundAnswer,
  type OutboundOptions,
  type Resolve,
  resolvePublic,
} from '../../../src/platform/net/outbound.js';

/** Counts the connections to any address of this machine and closes them at once. */
let server: Server;
let port: number;
let connections: number;

beforeAll(async () => {
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '::');
  await once(server, 'listening').catch(async () => {
    server.listen(0, '0.0.0.0'); // This machine has no IPv6.
    await once(server, 'listening');
  });
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  connections = 0;
});
afterAll(() => server.close());

const OPTIONS: OutboundOptions = {
  headers: {},
  body: '{}',
  timeoutMs: 2_000,
  keepBytes: 2048,
  allowPrivate: false,
  allowHttp: true,
};

/** A call that shares neither connections nor names with other calls. */
async function post(
  target: string,
  options: OutboundOptions,
  resolve?: Resolve,
): Promise<OutboundAnswer> {
  const outbound = new Outbound();
  return outbound.post(target, options, resolve).finally(() => outbound.close());
}

const resolvesTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const refused = async (host: string, options: Partial<OutboundOptions> = {}, resolve?: Resolve) => {
  const call = post(`http://${host}:${port}/`, { ...OPTIONS, ...options }, resolve);
  await expect(call).rejects.toThrow(ForbiddenAddress);
  expect(connections).toBe(0);
};

describe('an outbound call is refused', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
    '0177.1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    '0',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '169.254.0.1',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[100::1]',
    '[5f00::1]',
  ])('to the address %s', (host) => refused(host));

  it.each([
    ['localhost', '127.0.0.1'],
    ['localhost.', '127.0.0.1'],
    ['localhost', '::1'],
    ['intranet.example.com', '10.0.0.1'],
    ['metadata.example.com', '169.254.169.254'],
    ['mapped.example.com', '::ffff:127.0.0.1'],
    ['zone.example.com', 'fe80::1%lo'],
    ['nothing.example.com', '0.0.0.0'],
    ['strange.example.com', 'not an address'],
  ])('to the name %s, which resolves to %s', (name, address) =>
    refused(name, {}, resolvesTo(address)),
  );

  it('to a name with a public and a private address', () =>
    refused('mixed.example.com', {}, resolvesTo('93.184.216.34', '127.0.0.1')));

  it('to a name without an address', () => refused('empty.example.com', {}, resolvesTo()));

  it('to a name whose address changes, since the name is looked up only once', async () => {
    let asked = 0;
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '203.0.113.7' : '127.0.0.1', family: 4 }];
    };
    await refused('rebinding.example.com', {}, rebinding);
    expect(asked).toBe(1);
    await refused('rebinding.example.com', {}, rebinding);
    expect(asked).toBe(2);
  });

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'gopher://127.0.0.1/'])(
    'with another protocol: %s',
    async (target) => {
      await expect(post(target, OPTIONS)).rejects.toThrow(ForbiddenAddress);
    },
  );

  it('over plain http when only https is allowed', async () => {
    const options = { ...OPTIONS, allowPrivate: true, allowHttp: false };
    const call = post(`http://127.0.0.1:${port}/`, options);
    await expect(call).rejects.toThrow(new ForbiddenAddress('only https is allowed'));
    expect(connections).toBe(0);
  });
});

describe('an outbound call, when private addresses are allowed,', () => {
  const allowPrivate = true;

  it.each(['127.0.0.1', '127.1', '[::ffff:127.0.0.1]'])(
    'is sent to the private address %s',
    async (host) => {
      await expect(post(`http://${host}:${port}/`, { ...OPTIONS, allowPrivate })).rejects.toThrow();
      expect(connections).toBe(1);
    },
  );

  it('is sent to a name that only this machine knows', async () => {
    const call = post(`http://localhost:${port}/`, { ...OPTIONS, allowPrivate });
    await expect(call).rejects.toThrow();
    expect(connections).toBeGreaterThan(0);
  });

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '0xa9fea9fe',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '[::]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[::ffff:169.254.169.254]',
    '[64:ff9b::a9fe:a9fe]',
  ])('is refused to the address %s', (host) => refused(host, { allowPrivate }));

  it('is refused to a name that resolves to a metadata service', () =>
    refused('metadata.example.com', { allowPrivate }, resolvesTo('169.254.169.254')));
});

describe('an outbound call to a public address', () => {
  it.each(['93.184.216.34', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    'is allowed: %s',
    (address) => expect(isAllowedAddress(address, false)).toBe(true),
  );
});

describe('the look-up of a name', () => {
  const A = 1;
  const AAAA = 28;

  /** A name server that answers every name with these addresses, or NXDOMAIN when it has none. */
  const nameServer = async (answers: Record<number, number[][]>) => {
    const socket = createSocket('udp4', (query, from) => {
      const end = query.indexOf(0, 12) + 5;
      const type = query.readUInt16BE(end - 4);
      const addresses = answers[type] ?? [];
      const known = Object.keys(answers).length > 0;
      const head = Buffer.from([0x81, known ? 0x80 : 0x83, 0, 1, 0, addresses.length, 0, 0, 0, 0]);
      const records = addresses.map((bytes) =>
        Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]),
      );
      const reply = [query.subarray(0, 2), head, query.subarray(12, end), ...records];
      socket.send(Buffer.concat(reply), from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return { server: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
  };

  it.each([
    [{ [A]: [[127, 0, 0, 1]] }, [{ address: '127.0.0.1', family: 4 }]],
    [{ [AAAA]: [[...Array<number>(15).fill(0), 1]] }, [{ address: '::1', family: 6 }]],
    [
      { [A]: [[1, 1, 1, 1]], [AAAA]: [[0x26, 6, ...Array<number>(14).fill(0)]] },
      [
        { address: '1.1.1.1', family: 4 },
        { address: '2606::', family: 6 },
      ],
    ],
  ])('finds every IPv4 and IPv6 address', async (answers, addresses) => {
    const { server, close } = await nameServer(answers);
    expect(await resolvePublic('shop.example.com', [server])).toEqual(addresses);
    close();
  });

  it('fails when the name does not exist', async () => {
    const { server, close } = await nameServer({});
    const lookup = resolvePublic('shop.example.com', [server]);
    await expect(lookup).rejects.toMatchObject({ code: 'ENOTFOUND' });
    close();
  });

  it('is refused when the name server answers with a private address', async () => {
    const { server, close } = await nameServer({ [A]: [[127, 0, 0, 1]] });
    await refused('shop.example.com', {}, (name) => resolvePublic(name, [server]));
    close();
  });
});

describe('an outbound call', () => {
  it('connects only to the address that was checked, although a second look-up differs', async () => {
    let asked = 0;
    // An allowed address that no machine has, so the call fails, but without a second look-up.
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '2000::1' : '127.0.0.1', family: asked === 1 ? 6 : 4 }];
    };
    const call = post(`http://rebinding.example.com:${port}/`, OPTIONS, rebinding);
    await expect(call).rejects.toThrow();
    expect([asked, connections]).toEqual([1, 0]);
  });

  const serve = async (listener: Parameters<typeof createHttp>[1]) => {
    const http = createHttp(listener).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    return { url, close: () => (http.closeAllConnections(), http.close()) };
  };
  const options = { ...OPTIONS, allowPrivate: true };

  it('does not follow a redirect to a private address', async () => {
    const location = `http://127.0.0.1:${port}/`;
    const { url, close } = await serve((_, response) =>
      response.writeHead(302, { location }).end(),
    );
    expect(await post(url, options)).toMatchObject({ status: 302 });
    expect(connections).toBe(0);
    close();
  });

  it('ends at its timeout when the name server does not answer', async () => {
    const silent: Resolve = () => new Promise(() => undefined);
    const call = post('http://silent.example.com/', { ...options, timeoutMs: 200 }, silent);
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('ends at its timeout when the response does not end, and keeps the part that came', async () => {
    const { url, close } = await serve((_, response) => void response.writeHead(200).write('a'));
    expect(await post(url, { ...options, timeoutMs: 200 })).toMatchObject({
      status: 200,
      text: 'a',
    });
    close();
  });

  describe('that is repeated', () => {
    let outbound: Outbound;
    beforeEach(() => {
      outbound = new Outbound();
    });
    afterEach(() => outbound.close());

    /** A server that answers with the number of the connection. */
    const countConnections = () => {
      const sockets: unknown[] = [];
      return serve((request, response) => {
        if (!sockets.includes(request.socket)) sockets.push(request.socket);
        request.resume().on('end', () => response.end(String(sockets.indexOf(request.socket))));
      });
    };

    it('uses its connection again', async () => {
      const { url, close } = await countConnections();
      const answers = [await outbound.post(url, options), await outbound.post(url, options)];
      expect(answers.map(({ text }) => text)).toEqual(['0', '0']);
      close();
    });

    it('does not use a connection to an address that its own look-up does not return', async () => {
      const { url, close } = await countConnections();
      const { port: here } = new URL(url);
      const now = jest.spyOn(performance, 'now').mockReturnValue(0);
      let address = '127.0.0.1';
      const resolve: Resolve = async () => [{ address, family: 4 }];
      const call = (name: string) =>
        outbound.post(`http://${name}.example.com:${here}/`, options, resolve);
      expect(await call('one')).toMatchObject({ text: '0' });
      expect(await call('one')).toMatchObject({ text: '0' });
      address = '169.254.169.254';
      await expect(call('two')).rejects.toThrow(ForbiddenAddress);
      // Nothing listens at this address, so only a kept connection could answer.
      address = '127.0.0.2';
      await expect(call('three')).rejects.toThrow('ECONNREFUSED');
      // The name of the kept connection is looked up again, and has another address now.
      now.mockReturnValue(5_001);
      await expect(call('one')).rejects.toThrow('ECONNREFUSED');
      now.mockRestore();
      close();
    });

    it('checks a remembered address again when a socket opens', async () => {
      const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
      const call = (allowPrivate: boolean) =>
        outbound.post(`http://name.example.com:${port}/`, { ...OPTIONS, allowPrivate }, resolve);
      await expect(call(true)).rejects.not.toThrow(ForbiddenAddress);
      expect(connections).toBe(1);
      await expect(call(false)).rejects.toThrow(ForbiddenAddress);
      expect(connections).toBe(1);
    });

    it('checks the addresses of a name again after five seconds', async () => {
      const { url, close } = await countConnections();
      const { port: here } = new URL(url);
      const now = jest.spyOn(performance, 'now').mockReturnValue(0);
      let address = '127.0.0.1';
      const resolve: Resolve = async () => [{ address, family: 4 }];
      const call = () => outbound.post(`http://name.example.com:${here}/`, options, resolve);
      await call();
      address = '169.254.169.254';
      expect(await call()).toMatchObject({ status: 200 });
      now.mockReturnValue(5_001);
      await expect(call()).rejects.toThrow(ForbiddenAddress);
      now.mockRestore();
      close();
    });

    it('is sent on a new connection when the receiver has closed the kept one', async () => {
      let count = 0;
      const { url, close } = await serve((request, response) => {
        count += 1;
        // The second request on a connection gets no answer, as if the close had crossed it.
        if (count === 2) request.socket.destroy();
        else request.resume().on('end', () => response.end('ok'));
      });
      await outbound.post(url, options);
      expect(await outbound.post(url, options)).toMatchObject({ status: 200 });
      expect(count).toBe(3);
      close();
    });
  });

  describe('keeps', () => {
    const GREETING = 'Grüße';
    const page = (charset: string) => ({ 'content-type': `text/plain; charset=${charset}` });

    it.each<[string, Record<string, string>, Buffer, string]>([
      ['gzip', { 'content-encoding': 'gzip' }, gzipSync(GREETING), GREETING],
      ['deflate', { 'content-encoding': 'deflate' }, deflateSync(GREETING), GREETING],
      ['Brotli', { 'content-encoding': 'br' }, brotliCompressSync(GREETING), GREETING],
      ['Latin-1', page('iso-8859-1'), Buffer.from(GREETING, 'latin1'), GREETING],
      ['undeclared Latin-1', {}, Buffer.from(GREETING, 'latin1'), GREETING],
      ['an unknown charset', page('x-none'), Buffer.from(GREETING), GREETING],
      ['UTF-16', page('utf-16le'), Buffer.from(GREETING, 'utf16le'), GREETING],
      ['a picture', { 'content-type': 'image/png' }, Buffer.from([137, 80]), '(binary: image/png)'],
      [
        'an unknown encoding',
        { 'content-encoding': 'compress' },
        Buffer.from([31, 157]),
        '(binary: compress encoding)',
      ],
      [
        'damaged gzip',
        { 'content-encoding': 'gzip' },
        Buffer.from('not gzip'),
        '(binary: gzip encoding)',
      ],
      ['nothing', { 'content-type': 'image/png' }, Buffer.alloc(0), ''],
      ['NUL', {}, Buffer.from('a\0b'), 'a\u{fffd}b'],
    ])('the text of a response: %s', async (_, headers, body, text) => {
      const { url, close } = await serve((_request, response) =>
        response.writeHead(500, headers).end(body),
      );
      expect(await post(url, options)).toMatchObject({ status: 500, text });
      close();
    });

    it('only the beginning of a response that expands to megabytes', async () => {
      const body = gzipSync('x'.repeat(10_000_000));
      const { url, close } = await serve((_request, response) =>
        response.writeHead(500, { 'content-encoding': 'gzip' }).end(body),
      );
      expect(await post(url, options)).toMatchObject({ text: 'x'.repeat(2048) });
      close();
    });

    it('only the beginning of a long response, without half a character at the end', async () => {
      const { url, close } = await serve((_request, response) =>
        response.end(`${'x'.repeat(2047)}ü`),
      );
      expect(await post(url, options)).toMatchObject({ text: 'x'.repeat(2047) });
      close();
    });
  });
});
