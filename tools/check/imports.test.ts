/**
 * The direction of imports, with one wrong import of every kind; the list itself is tested for
 * what it must not allow.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mayImport } from "./import-rules.ts";
import { checkImports } from "./imports.ts";
import { findingsOf } from "./testing/findings-of.ts";

const server = "packages/server/src";

/** What is found when the file at `path` holds `text`, without the path. */
async function found(path: string, text: string): Promise<string[]> {
  const manifest = { dependencies: { "@spool/protocol": "1", "@spool/client": "1" } };
  const contents = { [path]: `${text}\n`, "package.json": JSON.stringify(manifest) };
  return (await findingsOf(checkImports, contents)).map((one) => one.replace(`${path}:1 `, ""));
}

function importing(specifier: string): string {
  return `import { a } from "${specifier}";`;
}

test("packages import downwards only", async () => {
  assert.deepEqual(await found("packages/client/src/a.ts", importing("@spool/protocol/ids")), []);
  assert.deepEqual(await found("packages/protocol/src/a.ts", importing("@spool/client/a")), [
    "protocol may not import client (packages/client/src/a.ts)",
  ]);
  assert.deepEqual(await found("packages/protocol/src/a.ts", importing("../../client/src/a.ts")), [
    "protocol may not import client (packages/client/src/a.ts)",
  ]);
  assert.deepEqual(await found("packages/adapters/src/a.ts", importing("@spool/client/a")), [
    "adapters may not import client (packages/client/src/a.ts)",
  ]);
});

test("folders of the server import downwards only", async () => {
  assert.deepEqual(await found(`${server}/threads/a.ts`, importing("../store/rows.ts")), []);
  assert.deepEqual(await found(`${server}/store/a.ts`, importing("../threads/decide.ts")), [
    `server/store may not import server/threads (${server}/threads/decide.ts)`,
  ]);
  assert.deepEqual(await found(`${server}/live/a.ts`, importing("../http/routes.ts")), [
    `server/live may not import server/http (${server}/http/routes.ts)`,
  ]);
  assert.deepEqual(await found(`${server}/http/a.ts`, importing("../app.ts")), [
    `server/http may not import server/app (${server}/app.ts)`,
  ]);
});

test("every form of import counts", async () => {
  const forms = [
    'import "../config.ts";',
    'import type { A } from "../config.ts";',
    'export { a } from "../config.ts";',
    'export * from "../config.ts";',
    'const a = await import("../config.ts");',
    'type A = import("../config.ts").A;',
  ];
  for (const form of forms) {
    assert.deepEqual(
      await found(`${server}/store/a.ts`, form),
      [`server/store may not import server/config (${server}/config.ts)`],
      form,
    );
  }
});

test("configuration is for main, app and http", async () => {
  const from = (path: string) => found(`${server}/${path}`, importing("../config.ts"));
  assert.deepEqual(await found(`${server}/app.ts`, importing("./config.ts")), []);
  assert.deepEqual(await found(`${server}/main.ts`, importing("./config.ts")), []);
  const [http, ops, threads] = await Promise.all(
    ["http/a.ts", "ops/a.ts", "threads/a.ts"].map(from),
  );
  assert.deepEqual([http?.length, ops?.length, threads?.length], [0, 1, 1]);
});

test("limits and ops are for everybody", async () => {
  for (const folder of ["store", "live", "auth", "threads", "http"]) {
    const text = `${importing("../limits.ts")} import { b } from "../ops/clock.ts";`;
    assert.deepEqual(await found(`${server}/${folder}/a.ts`, text), []);
  }
});

test("threads sees the types of auth, and the access rules", async () => {
  const path = `${server}/threads/a.ts`;
  assert.deepEqual(await found(path, 'import type { A } from "../auth/principal.ts";'), []);
  assert.deepEqual(await found(path, importing("../auth/access.ts")), []);
  assert.deepEqual(await found(path, importing("../auth/api-keys.ts")), [
    `server/threads may import only types of server/auth (${server}/auth/api-keys.ts)`,
  ]);
});

test("implementations are named by app, their own folder and tests", async () => {
  const embedded = (from: string, path: string) =>
    found(from, importing(`${path}store/embedded/store.ts`));
  assert.deepEqual(await embedded(`${server}/app.ts`, "./"), []);
  assert.deepEqual(await embedded(`${server}/a.test.ts`, "./"), []);
  assert.deepEqual(await found(`${server}/store/embedded/a.ts`, importing("./store.ts")), []);
  assert.deepEqual(await embedded(`${server}/store/a.ts`, "../"), [
    `${server}/store/embedded/store.ts is an implementation: only app.ts names it`,
  ]);
  assert.deepEqual(
    await found(`${server}/store/postgres/a.ts`, importing("../embedded/store.ts")),
    [`${server}/store/embedded/store.ts is an implementation: only app.ts names it`],
  );
  assert.equal((await found(`${server}/live/a.ts`, importing("./memory-bus.ts"))).length, 1);
});

test("testing/ is for tests, contracts and benches", async () => {
  const specifier = "../testing/fake-clock.ts";
  assert.deepEqual(await found(`${server}/live/a.test.ts`, importing(specifier)), []);
  assert.deepEqual(await found(`${server}/live/a.contract.ts`, importing(specifier)), []);
  assert.deepEqual(await found(`${server}/live/a.ts`, importing(specifier)), [
    `${server}/testing/fake-clock.ts is for tests only`,
  ]);
});

test("a part that is not listed is found by its first import", async () => {
  assert.deepEqual(await found("packages/extra/src/a.ts", importing("@spool/protocol/ids")), [
    "extra is not in the list of parts (import-rules.ts)",
  ]);
});

test("an import of a package that package.json does not name is found", async () => {
  const manifest = (dependencies: object) =>
    JSON.stringify({ name: "@spool/server", dependencies });
  const contents = {
    "package.json": JSON.stringify({ devDependencies: { "fast-check": "1" } }),
    "packages/server/package.json": manifest({ ws: "1", "@scope/a": "1" }),
    [`${server}/ops/a.ts`]: 'import "ws"; import "node:fs"; import "@scope/a/b"; import "./b.ts";',
    [`${server}/ops/b.ts`]:
      'import "@spool/server/ops/a";\nimport "fast-check";\nimport "pino/file";',
    [`${server}/ops/b.test.ts`]: 'import "fast-check";',
  };
  assert.deepEqual(await findingsOf(checkImports, contents), [
    `${server}/ops/b.ts:2 fast-check is not among the package's dependencies`,
    `${server}/ops/b.ts:3 pino is not among the package's dependencies`,
  ]);
});

test("no two parts of the list may import each other", async () => {
  const reaches = (from: string, seen = new Set<string>()): Set<string> => {
    for (const to of mayImport[from] ?? []) {
      if (seen.has(to)) continue;
      seen.add(to);
      reaches(to, seen);
    }
    return seen;
  };
  const inCircles = Object.keys(mayImport).filter((part) => reaches(part).has(part));
  assert.deepEqual(inCircles, []);
});

test("every part the list points to is in the list", async () => {
  const unknown = Object.values(mayImport)
    .flat()
    .filter((part) => !(part in mayImport));
  assert.deepEqual(unknown, []);
});
