/** Proves which hosts count as the server's own, and which pages as its own page (AUTH21, AUTH26). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, createOwnOrigin, isOwnPage } from "./own-origin.ts";

function client(host: string, headers: Client["headers"] = {}, more: Partial<Client> = {}): Client {
  return { ip: "127.0.0.1", host, protocol: "http", headers, ...more };
}

const local = createOwnOrigin(null);

test("AUTH26 loopback names and addresses are own, in one spelling", () => {
  for (const [host, origin] of [
    ["127.0.0.1:4646", "http://127.0.0.1:4646"],
    ["127.9.8.7", "http://127.9.8.7"],
    ["localhost:80", "http://localhost"],
    ["LocalHost:4646", "http://localhost:4646"],
    ["spool.localhost:4646", "http://spool.localhost:4646"],
    ["[::1]:4646", "http://[::1]:4646"],
    ["0x7f.1:4646", "http://127.0.0.1:4646"],
  ] as const) {
    assert.equal(local(client(host)), origin);
  }
});

test("AUTH26 any other host is not, whatever it looks like", () => {
  for (const host of [
    ...["evil.example", "evil.example:4646", "127.0.0.1.evil.example", "localhost.evil.example"],
    ...["evil-localhost", "192.168.1.5:4646", "0.0.0.0:4646", "[::]:4646", "10.0.0.1", ""],
    ...["127.0.0.1@evil.example", "127.0.0.1/evil", "evil.example#127.0.0.1", "127.0.0.1:99999"],
    ...["[::ffff:127.0.0.1]:4646", "a b", "..."],
  ]) {
    assert.equal(local(client(host)), null, host);
  }
});

test("AUTH26 a forwarded host is own where the sender is trusted only", () => {
  const headers = { "x-forwarded-host": "spool.example" };
  const trusted = { ips: ["127.0.0.1", "203.0.113.9"], protocol: "https" };
  assert.equal(local(client("spool.example", headers, trusted)), "https://spool.example");
  // A page on a name that points here may send the header itself.
  assert.equal(local(client("spool.example", headers)), null);
  assert.equal(local(client("spool.example", headers, { ips: ["127.0.0.1"] })), null);
  assert.equal(local(client("evil.example", {}, trusted)), null);
});

test("AUTH26 a configured address is the only one", () => {
  const own = createOwnOrigin(new URL("https://spool.example/below"));
  for (const host of ["spool.example", "127.0.0.1:4646", "backend:4646"]) {
    assert.equal(own(client(host)), "https://spool.example");
  }
});

test("AUTH21 a page is own by its Origin; a GET may lack it", () => {
  const origin = "http://127.0.0.1:4646";
  const host = "127.0.0.1:4646";
  const isOwn = (method: string, headers: Client["headers"]) => {
    return isOwnPage(client(host, headers), method, local);
  };
  for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
    assert.equal(isOwn(method, { origin }), true);
    for (const other of [
      ...["null", "", "http://127.0.0.1", "https://127.0.0.1:4646", "http://localhost:4646"],
      ...["http://evil.example", `${origin}/`, `${origin}, ${origin}`, "http://127.0.0.1:4647"],
    ]) {
      assert.equal(isOwn(method, { origin: other }), false, other);
    }
    const mayLackIt = method === "GET" || method === "HEAD";
    assert.equal(isOwn(method, {}), mayLackIt);
    for (const site of ["same-origin", "none"]) {
      assert.equal(isOwn(method, { "sec-fetch-site": site }), mayLackIt);
    }
    for (const site of ["cross-site", "same-site"]) {
      assert.equal(isOwn(method, { "sec-fetch-site": site }), false);
    }
  }
  assert.equal(isOwnPage(client("evil.example", {}), "GET", local), false);
  const rebound = { origin: "http://evil.example" };
  assert.equal(isOwnPage(client("evil.example", rebound), "POST", local), false);
});
