import { EVENT_TYPES as SEAT_EVENT_TYPES } from '../seats/seats.events.js';
import { WEBHOOK_EVENT_TYPES } from '../webhooks/webhooks.events.js';

/** Every type of event there is. */
export const EVENT_TYPES = [...SEAT_EVENT_TYPES, ...WEBHOOK_EVENT_TYPES] as const;
export type EventType = (typeof EVENT_TYPES)[number];
