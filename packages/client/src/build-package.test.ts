/**
 * The published form: built, put into a project outside the checkout, imported by plain Node and
 * type-checked there.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
const program = `
import { LiveClient } from "@spool/client/live-client";
import { startPublisher } from "@spool/client/publisher";
import { SpoolClient } from "@spool/client/spool-client";

const [url = "", apiKey = ""] = process.argv.slice(2);
const client = new SpoolClient({ url, credential: { apiKey } });
const publisher = startPublisher(client, { threadId: "thr_a", runId: "run_a" });
await publisher.publish({ type: "run_started", payload: {} });
await publisher.publish({ type: "assistant_message", payload: { content: "hello" } });
await publisher.close();
for await (const received of new LiveClient(client).subscribe("thr_a")) {
  if (received.kind !== "snapshot") continue;
  const types: string[] = received.frame.events.map(({ type }) => type);
  console.log(types.join(" "), received.frame.thread.status);
  break;
}
`;
const globals = "declare const process: { argv: string[] };";
/** Fails to compile unless the declarations know better. */
const wrong = `
// @ts-expect-error
export const status: number = (await client.threads.get("thr_a")).thread.status;
`;
const withoutTypes = program.replace("types: string[]", "types");

let project: string;
let server: TestServer;
before(async () => {
  server = await startTestServer();
  project = await mkdtemp(join(tmpdir(), "spool-client-"));
  const folder = join(project, "node_modules/@spool/client");
  await mkdir(folder, { recursive: true });
  await run(process.execPath, [join(root, "packages/client/build-package.ts"), folder]);
  await writeFile(join(project, "package.json"), '{"type":"module"}');
  await writeFile(join(project, "main.js"), withoutTypes);
  await writeFile(join(project, "main.ts"), `${globals}${program}${wrong}`);
});
after(async () => {
  await server.close();
  await rm(project, { recursive: true });
});

test("REST13 the built package publishes and subscribes, without anything beside it", async () => {
  const folder = join(project, "node_modules/@spool/client");
  for (const name of (await readdir(folder)).filter((one) => one.endsWith(".js"))) {
    const text = await readFile(join(folder, name), "utf8");
    const imported = [...text.matchAll(/(?:from|import) "([^"]+)"/g)].map(([, path]) => path);
    assert.ok(
      imported.every((path) => path?.startsWith("./")),
      `${name}: ${imported}`,
    );
  }
  const { stdout } = await run(process.execPath, ["main.js", server.url, server.keys.owner], {
    cwd: project,
  });
  assert.equal(stdout, "run_started assistant_message running\n");
});

test("WIRE1 its declarations say what its calls give", async () => {
  // What the manifest asks for, as an installation would put it there.
  await symlink(join(root, "node_modules/typebox"), join(project, "node_modules/typebox"));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const lib = "es2024,dom,dom.iterable,dom.asynciterable,esnext.disposable";
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"];
  const files = ["--lib", lib, "--types", "", "main.ts"];
  await run(process.execPath, [tsc, ...options, ...files], { cwd: project });
});
