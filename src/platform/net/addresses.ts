import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/*
 * Which addresses a webhook may be sent to. Everything that is not plainly on the public internet
 * is refused (IANA special-purpose registries); the settings can let private networks through, but
 * never link-local ones and the metadata services of cloud providers, which hand out credentials.
 */

const NEVER = blockList([
  '0.0.0.0/8',
  '169.254.0.0/16', // Link-local; 169.254.169.254 is most providers' metadata service.
  '100.100.100.200/32', // Alibaba Cloud's.
  '168.63.129.16/32', // Azure's.
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'fe80::/10',
  'fd00:ec2::/32', // Amazon's metadata service.
  'fd20:ce::/32', // Google's.
  'ff00::/8',
  '2001::/23', // Protocols of their own, Teredo among them: IPv4 addresses in disguise.
  '2001:db8::/32',
  '2002::/16', // 6to4: IPv4 addresses in disguise.
  '3fff::/20',
]);

const PRIVATE = blockList([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
]);

const PUBLIC_IPV6 = blockList(['2000::/3']);

function blockList(networks: string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Whether something may be sent to this IP address, in any of its spellings. */
export function isAllowedAddress(address: string, allowPrivate: boolean): boolean {
  const plain = unmapped(address);
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  if (isIP(plain) === 0 || NEVER.check(plain, family)) return false;
  if (PRIVATE.check(plain, family)) return allowPrivate;
  return family === 'ipv4' || PUBLIC_IPV6.check(plain, 'ipv6');
}

/** An IPv4 address written as IPv6 (`::ffff:127.0.0.1`, `::ffff:7f00:1`) reaches the IPv4 host. */
function unmapped(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!isIPv6(bare)) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high = 0, low = 0] = mapped.slice(1).map((part) => parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
