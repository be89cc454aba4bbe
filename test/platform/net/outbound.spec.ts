import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { isAllowedAddress } from '../../../src/platform/net/addresses.js';
import {
  ForbiddenAddress,
  type OutboundOptions,
  post,
  type Resolve,
  resolvePublic,
} from '../../../src/platform/net/outbound.js';

/** Counts connections on every address of this machine, whatever is said over them. */
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
    server.listen(0, '0.0.0.0'); // A machine without IPv6.
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

const resolvesTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const refused = async (host: string, options: Partial<OutboundOptions> = {}, resolve?: Resolve) => {
  const call = post(`http://${host}:${port}/`, { ...OPTIONS, ...options }, resolve);
  await expect(call).rejects.toThrow(ForbiddenAddress);
  expect(connections).toBe(0);
};

describe('nothing is sent to', () => {
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
  ])('%s', (host) => refused(host));

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
  ])('the name %s, which leads to %s', (name, address) => refused(name, {}, resolvesTo(address)));

  it('a name of which one address of several is private', () =>
    refused('mixed.example.com', {}, resolvesTo('93.184.216.34', '127.0.0.1')));

  it('a name without an address', () => refused('empty.example.com', {}, resolvesTo()));

  it('a name that changes its answer between check and connection: there is one look-up', async () => {
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

  it('where the checked answer does not lead, although another look-up would', async () => {
    let asked = 0;
    // An address that is allowed and that nobody has: the call may fail, but only there.
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '2000::1' : '127.0.0.1', family: asked === 1 ? 6 : 4 }];
    };
    const call = post(`http://rebinding.example.com:${port}/`, OPTIONS, rebinding);
    await expect(call).rejects.toThrow();
    expect([asked, connections]).toEqual([1, 0]);
  });

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'gopher://127.0.0.1/'])(
    '%s',
    async (target) => {
      await expect(post(target, OPTIONS)).rejects.toThrow(ForbiddenAddress);
    },
  );

  it('plain http where only https is allowed, wherever it leads', async () => {
    const options = { ...OPTIONS, allowPrivate: true, allowHttp: false };
    const call = post(`http://127.0.0.1:${port}/`, options);
    await expect(call).rejects.toThrow(new ForbiddenAddress('only https is allowed'));
    expect(connections).toBe(0);
  });
});

describe('where private addresses are allowed', () => {
  const allowPrivate = true;

  it.each(['127.0.0.1', '127.1', '[::ffff:127.0.0.1]'])('%s is called', async (host) => {
    await expect(post(`http://${host}:${port}/`, { ...OPTIONS, allowPrivate })).rejects.toThrow();
    expect(connections).toBe(1);
  });

  it('a name that only this machine knows is called', async () => {
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
  ])('%s is not', (host) => refused(host, { allowPrivate }));

  it('a name that leads to a metadata service is not', () =>
    refused('metadata.example.com', { allowPrivate }, resolvesTo('169.254.169.254')));
});

describe('an address of the public internet', () => {
  it.each(['93.184.216.34', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is allowed',
    (address) => expect(isAllowedAddress(address, false)).toBe(true),
  );
});

describe('the look-up of a name', () => {
  const A = 1;
  const AAAA = 28;

  /** A name server that knows one set of addresses, or, without any, says that there is no name. */
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
  ])('finds every address', async (answers, addresses) => {
    const { server, close } = await nameServer(answers);
    expect(await resolvePublic('shop.example.com', [server])).toEqual(addresses);
    close();
  });

  it('fails for a name that there is not', async () => {
    const { server, close } = await nameServer({});
    const lookup = resolvePublic('shop.example.com', [server]);
    await expect(lookup).rejects.toMatchObject({ code: 'ENOTFOUND' });
    close();
  });

  it('is checked: what a name server says may lead inside', async () => {
    const { server, close } = await nameServer({ [A]: [[127, 0, 0, 1]] });
    await refused('shop.example.com', {}, (name) => resolvePublic(name, [server]));
    close();
  });
});

describe('a call', () => {
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

  it('ends in time although the name server does not answer', async () => {
    const silent: Resolve = () => new Promise(() => undefined);
    const call = post('http://silent.example.com/', { ...options, timeoutMs: 200 }, silent);
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends in time although the answer does not', async () => {
    const { url, close } = await serve((_, response) => void response.writeHead(200).write('a'));
    expect(await post(url, { ...options, timeoutMs: 200 })).toMatchObject({
      status: 200,
      text: 'a',
    });
    close();
  });

  it('shares no connection with another call', async () => {
    const sockets = new Set<number | undefined>();
    const { url, close } = await serve((request, response) => {
      sockets.add(request.socket.remotePort);
      response.end();
    });
    await post(url, options);
    await post(url, options);
    expect(sockets.size).toBe(2);
    close();
  });
});
