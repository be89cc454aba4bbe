import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../platform/net/loopback.js';

// A proxy on this machine adds one of these, so the browser may be elsewhere.
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether a page of this service, open in a browser on this machine, sent the request. The name in
 * Host matters as well as the address: a site can let its own name lead to 127.0.0.1 (DNS
 * rebinding), and its pages then count as the same origin.
 */
export function isLocalRequest({ headers, raw }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return (
    isLoopback(raw.socket.remoteAddress ?? '') &&
    isLoopback((headers.host ?? '').replace(/:\d+$/, '')) &&
    (site === undefined || site === 'same-origin') &&
    PROXY_HEADERS.every((name) => headers[name] === undefined)
  );
}
