/* Parts of the API description (OpenAPI 3.1) that several domains build. */

export interface Json {
  [key: string]: unknown;
}

export interface Schema extends Json {
  $ref?: string;
  allOf?: Schema[];
  description?: string;
  example?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** A reference to a schema of the components. */
export function schemaRef(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** The last part of a reference. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** `customer_seat.assigned` as `CustomerSeatAssigned`. */
export function pascalCase(text: string): string {
  return text.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
}

/**
 * One of several objects. The value of `property` tells them apart.
 * @param names the name of the schema for each value.
 */
export function unionOf(property: string, names: Record<string, string>): Schema {
  const mapping = Object.entries(names).map(([value, name]) => [value, schemaRef(name).$ref]);
  return {
    oneOf: Object.values(names).map(schemaRef),
    discriminator: { propertyName: property, mapping: Object.fromEntries(mapping) },
  };
}

/** The object with its keys in alphabetical order. */
export function sorted<T>(object: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
