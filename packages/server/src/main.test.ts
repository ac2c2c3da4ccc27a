/** The server as a process: first start, signals, and what keeps it from starting (CFG4, CFG14). */
import { strict as assert } from "node:assert";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { WebSocket } from "ws";

const script = `
  import { serve } from ${JSON.stringify(new URL("./main.ts", import.meta.url).href)};
  import { parseConfig } from ${JSON.stringify(new URL("./config.ts", import.meta.url).href)};
  process.exitCode = await serve(parseConfig(process.env));
`;

const running = new Set<ChildProcess>();
const folders: string[] = [];
after(() => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "spool-main-"));
  folders.push(folder);
  return folder;
}

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** A server process; `ready` resolves with its address, `ended` with how it ended. */
function start(env: Record<string, string>, { isTerminal = false } = {}) {
  const terminal = isTerminal ? "process.stdout.isTTY = true;" : "";
  const child = spawn(process.execPath, ["--input-type=module", "-e", terminal + script], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, SPOOL_PORT: "0", ...env },
  });
  running.add(child);
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = once(child, "exit").then(([code]): Ended => {
    running.delete(child);
    return { code, out, err };
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      const url = /listens on (\S+)\n/.exec(out)?.[1];
      if (url !== undefined) setTimeout(() => resolve(url), 20);
    });
    void ended.then(({ err }) => reject(new Error(err)));
  });
  ready.catch(() => {}); // a test that waits for the end only does not ask
  return { child, ready, ended, output: () => out };
}

test("CFG4 the first start prints a key once, keeps it, and its curl line works as pasted", async () => {
  const dataDir = join(newFolder(), "it's data");
  const server = start({ SPOOL_DATA_DIR: dataDir });
  const url = await server.ready;
  const out = server.output();
  const [key = ""] = /rt_live_[\w-]+/.exec(out) ?? [];
  assert.equal(out.split(key).length, 2);
  const file = join(dataDir, "admin.key");
  assert.equal(readFileSync(file, "utf8"), `${key}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const line = out.slice(out.indexOf("  curl "));
  const { stdout } = await promisify(execFile)("sh", ["-c", line.replace("curl", "curl -s")]);
  const { thread } = JSON.parse(stdout).data;
  assert.deepEqual([thread.orgId, thread.title], ["default", "Hello"]);
  const me = await fetch(`${url}/v1/me`, { headers: { "X-API-Key": key } });
  const { data } = (await me.json()) as { data: { role: string } };
  assert.equal(data.role, "admin");
  server.child.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);

  const again = start({ SPOOL_DATA_DIR: dataDir });
  await again.ready;
  assert.equal(again.output().includes(key), false);
  assert.equal(again.output().includes(file), true);
  again.child.kill("SIGINT");
  assert.equal((await again.ended).code, 0);
});

test("AUTH27 a first start prints a link that signs in once; without a terminal later ones do not", async () => {
  const dataDir = newFolder();
  const server = start({ SPOOL_DATA_DIR: dataDir });
  const url = await server.ready;
  const link = /^ {2}(\S+)\/#code=(rt_code_\S+)$/m.exec(server.output());
  const [, address = "", code = ""] = link ?? [];
  assert.equal(address, url);
  const signIn = () =>
    fetch(`${address}/v1/sign-in`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Origin: address },
      body: JSON.stringify({ code }),
    });
  const answer = await signIn();
  assert.equal(answer.status, 204);
  const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
  const me = await fetch(`${url}/v1/me`, { headers: { Cookie: cookie } });
  const { data } = (await me.json()) as { data: { role: string } };
  assert.equal(data.role, "admin");
  assert.equal((await signIn()).status, 401);
  server.child.kill("SIGKILL");
  assert.equal((await server.ended).err.includes(code), false);

  const again = start({ SPOOL_DATA_DIR: dataDir });
  const back = await fetch(`${await again.ready}/v1/me`, { headers: { Cookie: cookie } });
  assert.equal(back.status, 200);
  assert.equal(again.output().includes("#code="), false);
  again.child.kill("SIGTERM");
  await again.ended;
});

test("AUTH27 on a terminal every start prints a link, while admin.key holds a living key", async () => {
  const dataDir = newFolder();
  const file = join(dataDir, "admin.key");
  const linksOf = async () => {
    const server = start({ SPOOL_DATA_DIR: dataDir }, { isTerminal: true });
    await server.ready;
    server.child.kill("SIGTERM");
    const { out, code } = await server.ended;
    assert.equal(code, 0);
    return [...out.matchAll(/#code=(\S+)/g)].map(([, link]) => link);
  };
  const [first, second] = [await linksOf(), await linksOf()];
  assert.deepEqual([first.length, second.length], [1, 1]);
  assert.notEqual(first[0], second[0]);
  writeFileSync(file, "rt_live_no_such_key\n");
  assert.deepEqual(await linksOf(), []);
  rmSync(file);
  assert.deepEqual(await linksOf(), []);
});

test("CFG14 a signal closes sockets with 1001 and lets accepted requests finish", async () => {
  const dataDir = newFolder();
  const server = start({ SPOOL_DATA_DIR: dataDir });
  const url = await server.ready;
  const key = readFileSync(join(dataDir, "admin.key"), "utf8").trim();
  const publish = (body: object) =>
    fetch(`${url}/v1/thread-events`, {
      method: "POST",
      headers: { "X-API-Key": key, "Content-Type": "application/json" },
      body: JSON.stringify({ threadId: "thr_a", runId: "run_a", ...body }),
    });
  await publish({ type: "run_started", payload: {} });
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/threads/thr_a/events`, {
    headers: { "X-API-Key": key },
  });
  await once(socket, "message");
  const closed = once(socket, "close");
  const payload = { content: "x".repeat(1_000_000) };
  const answers = Array.from({ length: 8 }, () => publish({ type: "assistant_message", payload }));
  await Promise.race(answers);
  server.child.kill("SIGTERM");
  const [code] = await closed;
  assert.equal(code, 1001);
  const settled = await Promise.allSettled(answers);
  // Those that had not come through to the server yet have no answer at all.
  const statuses = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value.status] : []));
  const accepted = statuses.length;
  assert.ok(accepted >= 1);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal((await server.ended).code, 0);
  const again = start({ SPOOL_DATA_DIR: dataDir });
  const thread = await fetch(`${await again.ready}/v1/threads/thr_a?limit=1`, {
    headers: { "X-API-Key": key },
  });
  const { data } = (await thread.json()) as { data: { sequence: number } };
  assert.ok(data.sequence >= accepted + 1);
  again.child.kill("SIGTERM");
  await again.ended;
});

test("LOG16 a directory another server holds is one clear line and exit code 1", async () => {
  const dataDir = newFolder();
  const first = start({ SPOOL_DATA_DIR: dataDir });
  await first.ready;
  const second = await start({ SPOOL_DATA_DIR: dataDir }).ended;
  assert.equal(second.code, 1);
  assert.match(second.err, /^spool: .*in use by another server.*\n$/);
  first.child.kill("SIGTERM");
  await first.ended;
});

test("CFG2 a port in use is one clear line, and leaves no data directory behind", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  const dataDir = join(newFolder(), "data");
  const ended = await start({ SPOOL_DATA_DIR: dataDir, SPOOL_PORT: String(port) }).ended;
  assert.equal(ended.code, 1);
  assert.equal(
    ended.err,
    `spool: port ${port} on 127.0.0.1 is in use; stop what uses it, or choose another SPOOL_PORT\n`,
  );
  assert.equal(existsSync(dataDir), false);
  holder.close();
});

test("LOG17 a directory of a newer format is one clear line", async () => {
  const dataDir = newFolder();
  writeFileSync(join(dataDir, "format.json"), '{"format":999}\n');
  const ended = await start({ SPOOL_DATA_DIR: dataDir }).ended;
  assert.equal(ended.code, 1);
  assert.match(ended.err, /^spool: .*format 999.*\n$/);
});

test("CFG14 a second signal ends the process at once with 130", async () => {
  const server = start({ SPOOL_DATA_DIR: newFolder() });
  const url = new URL(await server.ready);
  // A request that never ends keeps the server from stopping in order.
  const { connect } = await import("node:net");
  const socket = connect(Number(url.port), url.hostname);
  socket.on("error", () => {}); // it is cut off, which is the point
  socket.write("POST /v1/threads HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{");
  await once(socket, "connect");
  server.child.kill("SIGINT");
  setTimeout(() => server.child.kill("SIGINT"), 200);
  assert.equal((await server.ended).code, 130);
  socket.destroy();
});
