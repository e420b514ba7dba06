/** The parts of an OpenAPI 3.1 document that are used here. */

export type Schema = { [key: string]: unknown };

export interface MediaType {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, object>;
}

export interface Answer {
  description?: string;
  headers?: Record<string, object>;
  content?: Record<string, MediaType>;
}

export interface Parameter {
  in: string;
  name: string;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, MediaType> };
  responses: Record<string, Answer>;
  security?: object[];
}

export interface Document {
  openapi: string;
  info: object;
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, object>>;
  tags?: object[];
  security?: object[];
}

/** Every operation with its path and method. */
export function* operationsOf({
  paths,
}: Document): Generator<[path: string, method: string, Operation], void> {
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) yield [path, method, operation];
  }
}
