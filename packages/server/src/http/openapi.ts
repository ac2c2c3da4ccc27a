/**
 * Makes the API's description, OpenAPI 3.1, from the table of routes: the schemas in it are the very
 * ones that check requests (REST17). Pure; called once, when somebody first asks.
 */
import { ErrorBody } from "@spool/protocol/errors";
import { RolloutId, ThreadId } from "@spool/protocol/ids";
import { Batch, PublishAnswer, SingleFrame } from "@spool/protocol/publish";
import { ApiKey, Event, Me, Rollout, Run, Thread } from "@spool/protocol/resources";
import { PROTOCOL_VERSION } from "@spool/protocol/version";
import { signInCookieName } from "../auth/credentials.ts";
import type { Route } from "./route.ts";
import type { Schema } from "./schema.ts";

type Json = { [name: string]: unknown };

/** Schemas that get a name of their own, so that generated clients have types for them. */
const named: Readonly<Record<string, Schema>> = {
  ...{ Thread, Rollout, Run, Event, ApiKey, Me },
  ...{ SingleFrame, Batch, PublishAnswer, Error: ErrorBody },
};

const names = new Map(
  Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]),
);

const pathSchemas: Readonly<Record<string, Schema>> = {
  threadId: ThreadId,
  rolloutId: RolloutId,
  keyId: { type: "string" },
  signInId: { type: "string" },
};

/** The description of `routes`; `publicUrl` null: relative to where it was fetched. */
export function openApiOf(routes: readonly Route[], publicUrl: URL | null): Json {
  const paths: { [path: string]: Json } = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  const schemas = Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, nestedReferences(schema)]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "Spool",
      version: String(PROTOCOL_VERSION),
      description: "Durable, live threads for AI agents",
    },
    servers: [{ url: publicUrl === null ? "/" : publicUrl.href }],
    paths,
    components: {
      schemas,
      responses: { Error: { description: "A refusal", content: jsonContent(errorSchema) } },
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
        signIn: { type: "apiKey", in: "cookie", name: signInCookieName },
        internalService: { type: "apiKey", in: "header", name: "X-Internal-Service" },
        internalToken: { type: "apiKey", in: "header", name: "X-Internal-Token" },
      },
    },
  };
}

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: { error: { $ref: "#/components/schemas/Error" } },
};

function operationOf(route: Route): Json {
  const { about } = route;
  return {
    operationId: operationIdOf(route),
    summary: about.summary,
    ...securityOf(route),
    parameters: parametersOf(route),
    ...requestBodyOf(route),
    responses: { ...answersOf(route), default: { $ref: "#/components/responses/Error" } },
  };
}

function requestBodyOf({ about, body }: Route): Json {
  if (about.requestMediaType !== undefined) {
    return { requestBody: { required: true, content: { [about.requestMediaType]: {} } } };
  }
  if (body === null) return {};
  const content = jsonContent(withReferences(body.schema));
  return { requestBody: { required: !body.optional, content } };
}

/** `GET /v1/threads/{threadId}` is `getThreadsByThreadId`. */
function operationIdOf({ method, path }: Route): string {
  const words = path
    .replace("/v1/", "/")
    .replaceAll(/\{(\w)(\w*)\}/g, (_, first, rest) => `By${first.toUpperCase()}${rest}`)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
  const title = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join("");
  return `${method.toLowerCase()}${title}`;
}

function securityOf({ guard, takesCookie }: Route): Json {
  if (guard === "public") return { security: [] };
  if (guard === "internal") return { security: [{ internalService: [], internalToken: [] }] };
  const security = [{ apiKey: [] }, { bearer: [] }, ...(takesCookie ? [{ signIn: [] }] : [])];
  return guard === "anyone" ? { security } : { security, "x-required-scope": guard };
}

function parametersOf({ path, query, about }: Route): Json[] {
  const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    return { name, in: "path", required: true, schema: pathSchemas[name] };
  });
  const parameters = Object.entries(query).map(([name, { schema }]) => {
    return { name, in: "query", required: false, schema };
  });
  const headers = Object.entries(about.headers ?? {}).map(([name, schema]) => {
    return { name, in: "header", required: false, schema };
  });
  return [...parts, ...parameters, ...headers];
}

function answersOf({ about }: Route): Json {
  return Object.fromEntries(
    Object.entries(about.answers).map(([status, schema]) => [status, answerOf(about, schema)]),
  );
}

function answerOf(about: Route["about"], schema: Schema | null): Json {
  const { summary, mediaType } = about;
  if (schema !== null) {
    return { description: summary, content: jsonContent(envelopeOf(schema, about.paged ?? false)) };
  }
  const content = mediaType === undefined ? {} : { content: { [mediaType]: {} } };
  return { description: summary, ...content };
}

function envelopeOf(data: Schema, paged: boolean): Json {
  const page = {
    hasMore: { type: "boolean" },
    nextCursor: { type: ["string", "null"] },
  };
  return {
    type: "object",
    required: ["data", "meta"],
    properties: {
      data: withReferences(data),
      meta: {
        type: "object",
        required: ["requestId", ...(paged ? Object.keys(page) : [])],
        properties: { requestId: { type: "string" }, ...(paged ? page : {}) },
      },
    },
  };
}

function jsonContent(schema: unknown): Json {
  return { "application/json": { schema } };
}

/** The schema with a reference in place of each part that has a name. */
function withReferences(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  const name = names.get(JSON.stringify(schema));
  return name === undefined ? nestedReferences(schema) : { $ref: `#/components/schemas/${name}` };
}

function nestedReferences(schema: object): unknown {
  if (Array.isArray(schema)) return schema.map(withReferences);
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, withReferences(value)]),
  );
}
