import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { plainAddress } from '../platform/net/addresses.js';
import type { Settings } from '../platform/settings.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

// A proxy on this machine adds one of these, so the browser may be elsewhere.
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Whether people on other machines cannot reach the service: it listens on loopback alone. */
export function isLocalService(settings: Settings): boolean {
  return (
    isLoopbackHost(settings.host) &&
    isLoopbackHost(new URL(settings.publicUrl).hostname) &&
    settings.trustedProxies.length === 0
  );
}

/**
 * Whether a page of this service, open in a browser on this machine, sent the request. The name in
 * Host matters as well as the address: a site can let its own name lead to 127.0.0.1 (DNS
 * rebinding), and its pages then count as the same origin.
 */
export function isLocalRequest({ headers, raw }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return (
    isLoopbackHost(raw.socket.remoteAddress ?? '') &&
    isLoopbackHost((headers.host ?? '').replace(/:\d+$/, '')) &&
    (site === undefined || site === 'same-origin') &&
    PROXY_HEADERS.every((name) => headers[name] === undefined)
  );
}

function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const address = plainAddress(host);
  return address !== undefined && LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
