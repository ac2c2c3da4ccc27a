/** The page at `/`: its files, headers, caching, and what of the disk can not be had (WEB). */
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { startTestServer, type TestResponse, type TestServer } from "../testing/test-server.ts";
import { readPageFiles } from "./page-files.ts";

const index = `<!doctype html><script type="module" src="/assets/index-BfX2k9aQ.js"></script>`;
const script = `console.log("${"spool ".repeat(200)}")`;
const scriptPath = "/assets/index-BfX2k9aQ.js";

const folder = mkdtempSync(join(tmpdir(), "spool-page-"));
let server: TestServer;
let bare: TestServer;
before(async () => {
  const pageDir = join(folder, "dist");
  mkdirSync(join(pageDir, "assets", "fonts"), { recursive: true });
  const write = (path: string, content: string | Buffer) =>
    writeFileSync(join(pageDir, path), content);
  write("index.html", index);
  write("index.html.br", brotliCompressSync(index));
  write(scriptPath, script);
  write(`${scriptPath}.br`, brotliCompressSync(script));
  write(`${scriptPath}.gz`, gzipSync(script));
  write("assets/fonts/inter-a1B2c3D4.woff2", "font");
  write("assets/plain.svg", "<svg/>");
  write("assets/lone.gz", "lone");
  write("favicon.svg", "<svg/>");
  write("assets/odd name:{x}*.js", "odd");
  writeFileSync(join(folder, "secret.txt"), "secret");
  symlinkSync(join(folder, "secret.txt"), join(pageDir, "assets", "link.txt"));
  symlinkSync(folder, join(pageDir, "out"));
  server = await startTestServer({ pageDir, flags: { corsOrigins: "https://app.example" } });
  bare = await startTestServer();
});
after(async () => {
  await Promise.all([server.close(), bare.close()]);
  rmSync(folder, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}): Promise<TestResponse> {
  return server.request("GET", path, { headers });
}

function policyOf(headers: TestResponse["headers"]): string {
  return String(headers["content-security-policy"]);
}

test("WEB1 the page's addresses answer index.html, whatever their query", async () => {
  for (const path of [
    "/",
    "/threads",
    "/threads/thr_a",
    "/threads/thr_a/b/c",
    "/?q=x&q=y",
    "/index.html",
  ]) {
    const { status, headers, body } = await get(path);
    assert.equal(status, 200, path);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    assert.equal(body, index);
  }
  const ambiguous = await get(`/?api_key=${server.keys.owner}`);
  assert.equal(ambiguous.body.error.code, "AMBIGUOUS_CREDENTIALS");
});

test("WEB1 files are at their own paths, with their types", async () => {
  for (const [path, type, content] of [
    [scriptPath, "text/javascript; charset=utf-8", script],
    ["/assets/fonts/inter-a1B2c3D4.woff2", "font/woff2", "font"],
    ["/assets/plain.svg", "image/svg+xml", "<svg/>"],
    ["/assets/lone.gz", "application/octet-stream", "lone"],
    ["/favicon.svg", "image/svg+xml", "<svg/>"],
  ] as const) {
    const { status, headers, bytes } = await get(path);
    assert.deepEqual([status, headers["content-type"], bytes.toString()], [200, type, content]);
    assert.equal(headers["content-length"], String(bytes.length));
  }
});

test("WEB1 without a built page these addresses say what to use instead", async () => {
  for (const path of ["/", "/threads/thr_a?x=1"]) {
    const { status, headers, body } = await bare.request("GET", path);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    assert.match(policyOf(headers), /^default-src 'none'/);
    assert.match(body, /spool threads list/);
    assert.doesNotMatch(body, /<script|<style/);
  }
  assert.equal((await bare.request("GET", "/assets/x.js")).status, 404);
});

test("WEB2 every file carries headers that let nothing foreign in", async () => {
  for (const path of ["/", scriptPath, "/assets/plain.svg", "/favicon.svg"]) {
    const { headers } = await get(path);
    const policy = new Map(
      policyOf(headers)
        .split("; ")
        .map((part) => {
          const [name = "", ...sources] = part.split(" ");
          return [name, sources.join(" ")];
        }),
    );
    assert.deepEqual(Object.fromEntries(policy), {
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self' data: blob:",
      "font-src": "'self'",
      "manifest-src": "'self'",
      "connect-src": `'self' ws://127.0.0.1:${server.port}`,
      "frame-ancestors": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "require-trusted-types-for": "'script'",
    });
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["set-cookie"], undefined);
  }
  const foreign = await get("/", { Host: "evil.example; script-src *" });
  assert.match(policyOf(foreign.headers), /; connect-src 'self'; /);
  assert.doesNotMatch(policyOf(foreign.headers), /evil|\*/);
});

test("WEB2 over https the page's connections are wss", async () => {
  const flags = { publicUrl: "https://spool.example" };
  const behind = await startTestServer({ flags, pageDir: join(folder, "dist") });
  try {
    const { headers } = await behind.request("GET", "/");
    assert.match(policyOf(headers), /connect-src 'self' wss:\/\/spool\.example;/);
  } finally {
    await behind.close();
  }
});

test("WEB3 hashed assets never change, the rest is asked for again and answered 304", async () => {
  for (const path of [scriptPath, "/assets/fonts/inter-a1B2c3D4.woff2"]) {
    const { headers } = await get(path);
    assert.equal(headers["cache-control"], "public, max-age=31536000, immutable");
  }
  for (const path of ["/", "/threads/x", "/assets/plain.svg", "/favicon.svg"]) {
    const { headers } = await get(path);
    assert.equal(headers["cache-control"], "no-cache");
    const etag = headers.etag as string;
    assert.match(etag, /^"[\w-]{22}"$/);
    for (const match of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await get(path, { "If-None-Match": match });
      assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, etag]);
      assert.equal(again.headers["cache-control"], "no-cache");
    }
    assert.equal((await get(path, { "If-None-Match": '"x"' })).status, 200);
  }
});

test("WEB3 an encoding that lies beside a file is sent to whoever takes it", async () => {
  const etags = new Set<unknown>();
  for (const [accepted, encoding] of [
    ["gzip, deflate, br, zstd", "br"],
    ["br;q=0.1", "br"],
    ["GZIP", "gzip"],
    ["br;q=0, gzip;q=1.0", "gzip"],
    ["br; q=0.000", undefined],
    ["identity", undefined],
    ["", undefined],
    ["brotli", undefined],
    [";;,,=", undefined],
  ] as const) {
    const { headers, bytes } = await get(scriptPath, { "Accept-Encoding": accepted });
    assert.equal(headers["content-encoding"], encoding, accepted);
    assert.match(headers.vary ?? "", /Accept-Encoding/);
    assert.equal(headers["content-type"], "text/javascript; charset=utf-8");
    const decoded =
      encoding === "br"
        ? brotliDecompressSync(bytes)
        : encoding === "gzip"
          ? gunzipSync(bytes)
          : bytes;
    assert.equal(decoded.toString(), script);
    etags.add(headers.etag);
  }
  assert.equal(etags.size, 3);
  const page = await get("/", { "Accept-Encoding": "gzip" });
  assert.equal(page.headers["content-encoding"], undefined);
});

test("WEB4 no address leaves the folder, and what is not there is 404 in the envelope", async () => {
  const paths = [
    ...[
      "/assets/../../secret.txt",
      "/assets/%2e%2e/%2e%2e/secret.txt",
      "/assets/..%2f..%2fsecret.txt",
    ],
    ...[
      "/../secret.txt",
      "/assets/link.txt",
      "/out/secret.txt",
      "/assets/",
      "/assets",
      "/assets//",
    ],
    ...["/assets/%00", "/assets/%ff", "/assets/odd%20name:{x}*.js", "/assets/..%5c..%5csecret.txt"],
    ...["/assets/__proto__", "/assets/constructor", "//etc/passwd", "/etc/passwd", "/package.json"],
    ...[`${scriptPath}.br`, `${scriptPath}.gz`, `${scriptPath}/`, "/index.html.br", "/threadsx"],
    ...["/v1", "/v1/", "/v1/nothing", "/favicon.ico", `/assets/${"x".repeat(2_000)}`],
  ];
  for (const path of paths) {
    const raw = await server.exchange(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(raw, /^HTTP\/1\.1 (404|400) /, path);
    assert.match(raw, /\{"error":\{"code":"(NOT_FOUND|INVALID_REQUEST)"/, path);
    assert.doesNotMatch(raw, /secret\n|secret$/, path);
  }
});

test("WEB4 HEAD answers like GET without the bytes, another method is 405", async () => {
  for (const path of ["/", "/threads/x", scriptPath, "/favicon.svg"]) {
    const { headers } = await get(path);
    const head = await server.request("HEAD", path);
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);
    for (const name of ["content-length", "content-type", "etag", "content-security-policy"]) {
      assert.equal(head.headers[name], headers[name]);
    }
    for (const method of ["POST", "DELETE", "PUT"]) {
      const answer = await server.request(method, path, { body: {} });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, "GET,HEAD");
    }
  }
});

test("WEB4 files are read once: a build that goes on changes nothing, a broken one is no page", async () => {
  const pageDir = join(folder, "built");
  mkdirSync(pageDir);
  assert.equal(await readPageFiles(pageDir), null);
  assert.equal(await readPageFiles(join(folder, "absent")), null);
  writeFileSync(join(pageDir, "index.html"), "before");
  const built = await startTestServer({ pageDir });
  try {
    writeFileSync(join(pageDir, "index.html"), "after");
    writeFileSync(join(pageDir, "more.txt"), "more");
    assert.equal((await built.request("GET", "/")).body, "before");
    assert.equal((await built.request("GET", "/more.txt")).status, 404);
    await built.restart();
    assert.equal((await built.request("GET", "/")).body, "after");
  } finally {
    await built.close();
  }
});
