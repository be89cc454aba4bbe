import { BlockList, isIP } from 'node:net';
import type { Settings } from '../settings.js';
import { plainAddress } from './addresses.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a host name or an address, also in the brackets of a URL, is this machine itself. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const address = plainAddress(host);
  return address !== undefined && LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Whether people on other machines cannot reach the service: it listens on loopback alone. */
export function isLocalService(settings: Settings): boolean {
  return (
    isLoopback(settings.host) &&
    isLoopback(new URL(settings.publicUrl).hostname) &&
    settings.trustedProxies.length === 0
  );
}
