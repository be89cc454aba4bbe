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

function demoLines(base: string, { token, subscription_id, email }: Demo): string[] {
  const body = JSON.stringify({ subscription_id, email });
  return [
    `  Token     ${token}`,
    '',
    email === undefined
      ? '  All seats of the demo subscription are taken. List them:'
      : '  Assign a seat of the demo subscription:',
    '',
    email === undefined
      ? `curl -s '${base}/v1/customer-seats?subscription_id=${subscription_id}' -H "Authorization: Bearer ${token}"`
      : `curl -s ${base}/v1/customer-seats -H "Authorization: Bearer ${token}" ` +
        `-H "Content-Type: application/json" -d '${body}'`,
  ];
}
