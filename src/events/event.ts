import { SEAT_EVENT_TYPES } from '../seats/seats.events.js';

/** Event types of the service's own webhook endpoints. */
export const WEBHOOK_EVENT_TYPES = ['webhook_endpoint.disabled'] as const;

/** Every event type. */
export const EVENT_TYPES = [...SEAT_EVENT_TYPES, ...WEBHOOK_EVENT_TYPES] as const;
export type EventType = (typeof EVENT_TYPES)[number];
