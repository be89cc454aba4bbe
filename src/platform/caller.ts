/** The kinds of actors. */
export const ACTOR_TYPES = ['token', 'session', 'invitation', 'system'] as const;

/** The actor of a change, as events show it. */
export interface Actor {
  type: (typeof ACTOR_TYPES)[number];
  id: string | null;
}

/** The origin of a call to a service: the tenant, the actor and the request. */
export interface Caller {
  organizationId: string;
  actor: Actor;
  /** Null outside of a request, for example in the worker. */
  requestId: string | null;
}

/** The caller of the service's own background work in a tenant. */
export function systemCaller(organizationId: string): Caller {
  return { organizationId, actor: { type: 'system', id: null }, requestId: null };
}
