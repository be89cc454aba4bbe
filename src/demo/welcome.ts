import type { Settings } from '../platform/config.js';
import type { Demo } from './demo.js';

const EVERYWHERE = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'];

/** What a person sees who starts the service on their machine. */
export function welcome({
  settings,
  demo,
}: {
  settings: Settings;
  demo: Demo | undefined;
}): string {
  const host = EVERYWHERE.includes(settings.host) ? 'localhost' : settings.host;
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
      ? '  Every seat of the demo subscription is taken. See who has one:'
      : '  Assign a seat of the demo subscription:',
    '',
    email === undefined
      ? `curl -s '${base}/v1/customer-seats?subscription_id=${subscription_id}' -H "Authorization: Bearer ${token}"`
      : `curl -s ${base}/v1/customer-seats -H "Authorization: Bearer ${token}" ` +
        `-H "Content-Type: application/json" -d '${body}'`,
  ];
}
