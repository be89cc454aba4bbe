import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { networkOf, plainAddress } from '../net/addresses.js';

/**
 * The address of the client as the key of rate limits: the full address for IPv4, the /64 prefix
 * for IPv6, because one client usually controls a whole /64. If the forwarded value is not a valid
 * address, the peer's address is used.
 */
export function clientAddress(request: FastifyRequest): string {
  const forwarded = plainAddress(request.ip);
  const address = forwarded ?? plainAddress(request.raw.socket.remoteAddress ?? '');
  return address === undefined ? 'unknown' : networkOf(address);
}

/**
 * Whether an address is a proxy whose X-Forwarded-For counts.
 * @param proxies addresses and CIDRs, as the settings have checked them.
 */
export function proxyTrust(proxies: string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = familyOf(address);
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return plain !== undefined && list.check(plain, familyOf(plain));
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
