/**
 * Pins everything that goes over the wire to PROTOCOL_VERSION: a hash of all schemas and of the
 * error table. Whoever changes one meets this test and decides what the change means to a client.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { errorTable } from "./errors.ts";
import { PROTOCOL_VERSION } from "./version.ts";

const pinned = { version: 1, hash: "b5b20d60bdef019d" };

const whatToDo = `The schemas or the error table changed. Does a client of this version notice?
Yes: raise PROTOCOL_VERSION, add a line to its history, and pin the new version and hash here.
No (a new optional field, a wider limit): pin the new hash, and say in the history why that is safe.`;

test("the hash of all schemas is the one pinned to PROTOCOL_VERSION", async () => {
  const schemas = await exportedSchemas();
  assert.ok(schemas.size > 40, `found only ${schemas.size} schemas`);
  const wire = { schemas: Object.fromEntries(schemas), errorTable };
  const hash = createHash("sha256").update(inStableOrder(wire)).digest("hex").slice(0, 16);
  assert.deepEqual({ version: PROTOCOL_VERSION, hash }, pinned, whatToDo);
});

test("the hash does not depend on the order of fields or on descriptions", () => {
  const one = inStableOrder({ type: "object", required: ["a", "b"], description: "x" });
  assert.equal(one, inStableOrder({ required: ["a", "b"], type: "object" }));
  assert.notEqual(one, inStableOrder({ required: ["b", "a"], type: "object" }));
  const field = { properties: { description: { type: "string" } } };
  assert.notEqual(inStableOrder(field), inStableOrder({ properties: {} }));
});

/** Every schema that a file of this package exports, alone or in a table, by file and name. */
async function exportedSchemas(): Promise<Map<string, unknown>> {
  const schemas = new Map<string, unknown>();
  const files = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .sort();
  for (const file of files) {
    const exported = (await import(`./${file}`)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (isSchema(value) || isTableOfSchemas(value)) schemas.set(`${file} ${name}`, value);
    }
  }
  return schemas;
}

/** TypeBox marks what it makes. */
function isSchema(value: unknown): boolean {
  return typeof value === "object" && value !== null && "~kind" in value;
}

function isTableOfSchemas(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const rows = Object.values(value);
  return rows.length > 0 && rows.every(isSchema);
}

/** JSON with the keys of each object sorted, and without texts that only describe. */
function inStableOrder(value: unknown): string {
  return JSON.stringify(value, (name, part) => {
    if (name === "description" && typeof part === "string") return undefined;
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
