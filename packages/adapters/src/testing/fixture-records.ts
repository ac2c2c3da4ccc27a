/** The records of the hand-made session files, for tests that change them or look closer. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/** A fixture's records, one per line; a document is one record. `name` is below `fixtures/`. */
export function fixtureRecords(name: string): { readonly [field: string]: unknown }[] {
  const text = readFileSync(`${folder}${name}`, "utf8");
  if (name.endsWith(".json")) return [JSON.parse(text)];
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
