/** `spool keys` on a data directory beside a running server, and over REST. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ApiKey } from "@spool/protocol/resources";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool } from "../testing/run-spool.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

const creation = "keys create --org acme --user alice --role member --scopes agent:read,agent:run";

test("CFG8 a key made beside a running server is honoured at once, and refused once revoked", async () => {
  const env = { SPOOL_DATA_DIR: server.dataDir };
  const { code, out, err } = await runSpool([...creation.split(" "), "--json"], { env });
  assert.deepEqual([code, err], [0, ""]);
  const made = JSON.parse(out);
  assert.match(made.key, /^rt_live_[\w-]{43}$/);
  const me = await server.request("GET", "/v1/me", { key: made.key });
  assert.deepEqual(
    [me.body.data.orgId, me.body.data.userId, me.body.data.role, me.body.data.scopes],
    ["acme", "alice", "member", ["agent:read", "agent:run"]],
  );
  const list = await runSpool(["keys", "list", "--user", "alice", "--json"], { env });
  assert.deepEqual(
    jsonLines<ApiKey>(list.out).map(({ id }) => id),
    [made.id],
  );
  assert.ok(!list.out.includes(made.key));
  assert.equal((await runSpool(["keys", "revoke", made.id], { env })).code, 0);
  assert.equal((await server.request("GET", "/v1/me", { key: made.key })).status, 401);
});

test("CFG8 for people the key stands alone on standard output", async () => {
  const { out, err } = await runSpool(["keys", "create", "--data-dir", server.dataDir]);
  assert.match(out, /^rt_live_[\w-]{43}\n$/);
  assert.match(err, /^key_[^\n]+not shown again:\n$/);
});

test("CFG8 the first key may come before the server; listing makes no directory", async () => {
  const parent = mkdtempSync(join(tmpdir(), "spool-cli-"));
  const dataDir = join(parent, "new");
  const listed = await runSpool(["keys", "list", "--data-dir", dataDir]);
  assert.deepEqual([listed.code, existsSync(dataDir)], [1, false]);
  assert.match(listed.err, /no data directory/);
  const options = ["--label", "test", "--name", "ci", "--expires-at", "2030-01-31T00:00:00Z"];
  const made = await runSpool(["keys", "create", "--data-dir", dataDir, "--json", ...options]);
  const { key, name, expiresAt } = JSON.parse(made.out);
  assert.match(key, /^rt_test_/);
  assert.deepEqual([name, expiresAt], ["ci", "2030-01-31T00:00:00.000Z"]);
  rmSync(parent, { recursive: true });
});

test("CFG8 a key that is not there and an org that is none are refused in one line", async () => {
  const env = { SPOOL_DATA_DIR: server.dataDir };
  const revoked = await runSpool(["keys", "revoke", "key_none"], { env });
  assert.deepEqual([revoked.code, revoked.out], [1, ""]);
  assert.match(revoked.err, /^spool: there is no key key_none[^\n]*\n$/);
  const made = await runSpool(["keys", "create", "--org", "a/b"], { env });
  assert.deepEqual([made.code, made.out], [1, ""]);
});

test("CFG9 with an address, the caller's own keys are managed over REST", async () => {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  const made = await runSpool(["keys", "create", "--name", "laptop", "--json"], { env });
  const { id, key } = JSON.parse(made.out);
  const me = await server.request("GET", "/v1/me", { key });
  assert.equal(me.body.data.userId, "olivia");
  const list = await runSpool(["keys", "list", "--json"], { env });
  const keys = jsonLines<ApiKey>(list.out);
  assert.ok(keys.some((listed) => listed.id === id));
  assert.ok(keys.every(({ userId }) => userId === "olivia"));
  assert.equal((await runSpool(["keys", "revoke", id], { env })).code, 0);
  assert.equal((await server.request("GET", "/v1/me", { key })).status, 401);
  const gone = await runSpool(["keys", "revoke", "key_none"], { env });
  assert.match(gone.err, /there is no key key_none/);
  const foreign = await runSpool(["keys", "create", "--user", "mark"], { env });
  assert.equal(foreign.code, 2);
});
