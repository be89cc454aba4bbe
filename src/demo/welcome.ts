import type { Settings } from '../platform/settings.js';
import type { Demo } from './demo.service.js';

/** The listen addresses that a browser on this machine reaches as localhost. */
const LOCAL_HOSTS = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'];

/** The text that the service prints to a terminal when it starts. */
export function welcome({
  settings,
  demo,
}: {
  settings: Settings;
  demo: Demo | undefined;
}): string {
  const host = LOCAL_HOSTS.includes(settings.host) ? 'localhost' : settings.host;
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}`;
  const api = settings.role !== 'worker';
  const mailbox = settings.role !== 'api' && settings.smtpUrl === undefined;
  const lines = [
    '',
    `  Seats is running at ${base}`,
    '',
    ...(api ? [`  Docs      ${base}/docs`] : [`  Ready?    ${base}/health/ready`]),
    ...(mailbox ? [`  Mailbox   ${base}/dev/mailbox`] : []),
    ...(demo === undefined ? [] : demoLines(base, demo)),
    '',
    '',
  ];
  return lines.join('\n');
}

function demoLines(
  base: string,
  { token, subscription_id, product_id, portal_url }: Demo,
): string[] {
  return [
    ...(portal_url === undefined ? [] : [`  Portal    ${portal_url} (once, within 15 minutes)`]),
    '',
    '  Paste this into another terminal, and assign a seat of the demo subscription:',
    '',
    `export SEATS_URL=${base} SEATS_TOKEN=${token}`,
    `export SEATS_SUBSCRIPTION=${subscription_id} SEATS_PRODUCT=${product_id}`,
    `curl -s "$SEATS_URL/v1/customer-seats" \\`,
    `  -H "Authorization: Bearer $SEATS_TOKEN" -H "Content-Type: application/json" \\`,
    `  -d '{"subscription_id":"'$SEATS_SUBSCRIPTION'","email":"you@example.com","if_assigned":"return"}'`,
  ];
}
