import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/*
 * Addresses as they are written, and the addresses that a webhook may be sent to. Every address that
 * is not clearly on the public internet is refused (IANA special-purpose registries). The settings can
 * allow private networks, but never link-local addresses and the metadata services of cloud providers:
 * those give out credentials.
 */

const NEVER = blockList([
  '0.0.0.0/8',
  '169.254.0.0/16', // Link-local. 169.254.169.254 is the metadata service of most providers.
  '100.100.100.200/32', // The metadata service of Alibaba Cloud.
  '168.63.129.16/32', // The metadata service of Azure.
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'fe80::/10',
  'fd00:ec2::/32', // The metadata service of Amazon.
  'fd20:ce::/32', // The metadata service of Google.
  'ff00::/8',
  '2001::/23', // Protocol assignments, such as Teredo, which embeds IPv4 addresses.
  '2001:db8::/32',
  '2002::/16', // 6to4, which embeds IPv4 addresses.
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

/** Whether a webhook may be sent to this IP address, however the address is written. */
export function isAllowedAddress(address: string, allowPrivate: boolean): boolean {
  const plain = unmapped(address);
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  if (isIP(plain) === 0 || NEVER.check(plain, family)) return false;
  if (PRIVATE.check(plain, family)) return allowPrivate;
  return family === 'ipv4' || PUBLIC_IPV6.check(plain, 'ipv6');
}

/**
 * The address in a string, without port, brackets and zone, in its canonical form. An IPv4-mapped IPv6
 * address becomes IPv4. Undefined when the string has no address.
 */
export function plainAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const [, bracketed, v4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d*)?$/.exec(trimmed) ?? [];
  const address = unmapped(bracketed ?? v4 ?? trimmed);
  return isIP(address) === 0 ? undefined : address;
}

/** The first 64 bits of a canonical IPv6 address, as `2001:db8:0:1::/64`. An IPv4 address as it is. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = [], tail] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const missing = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * Converts an IPv4-mapped IPv6 address to IPv4, because both reach the same host: `::ffff:7f00:1`
 * becomes 127.0.0.1. For any other address it only strips brackets and the zone.
 */
function unmapped(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!isIPv6(bare)) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high = 0, low = 0] = mapped.slice(1).map((part) => parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
