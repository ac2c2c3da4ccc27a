/**
 * Proves the checking of an identity provider's tokens (AUTH12, AUTH13) against a real JWKS
 * server on the loopback, which can also answer wrongly or be gone.
 */
import assert from "node:assert/strict";
import { createPublicKey, type JsonWebKeyInput } from "node:crypto";
import { type TestContext, test } from "node:test";
import { decodeJwt, generateKeyPair, SignJWT } from "jose";
import { startTime } from "./accounts-fixture.ts";
import { type IdentityProvider, identityProvider } from "./identity-provider-fixture.ts";
import { type ClaimNames, createTokenVerifier } from "./token-verifier.ts";
import type { TokenVerifier } from "./verified-token.ts";

const invalid = { code: "INVALID_CREDENTIALS" };
const usualNames: ClaimNames = { user: "sub", org: "org_id", role: "role", scopes: "scope" };

type VerifierFixture = { idp: IdentityProvider; verifier: TokenVerifier; clock: { time: number } };

async function verifierFixture(
  t: TestContext,
  { alg = "ES256", claims = usualNames } = {},
): Promise<VerifierFixture> {
  const idp = await identityProvider(t, startTime, alg);
  const clock = { time: startTime };
  return { idp, clock, verifier: createTokenVerifier({ ...idp, claims, now: () => clock.time }) };
}

for (const alg of ["ES256", "RS256", "PS256", "EdDSA"]) {
  test(`AUTH12 a token signed with ${alg} is checked against the provider's JWKS`, async (t) => {
    const { idp, verifier } = await verifierFixture(t, { alg });
    const { principal } = await verifier.verify(await idp.sign());
    assert.deepEqual(principal, {
      orgId: "acme",
      userId: "alice",
      role: "member",
      scopes: ["agent:read", "agent:run"],
      credential: { type: "session_token", id: "t-1", expiresAt: startTime + 3_600_000 },
      keyId: null,
    });
    await verifier.verify(await idp.sign());
    assert.equal(idp.fetches(), 1);
  });
}

test("AUTH12 another issuer, audience, key or a missing expiry is refused", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const issuers = ["https://evil.example/", "https://idp.example", undefined];
  const audiences = ["other", [], undefined];
  const changes = [...issuers.map((iss) => ({ iss })), ...audiences.map((aud) => ({ aud }))];
  for (const change of [...changes, { exp: undefined }]) {
    await assert.rejects(verifier.verify(await idp.sign(change)), invalid, JSON.stringify(change));
  }
  await assert.doesNotReject(verifier.verify(await idp.sign({ aud: ["other", "spool"] })));
  const { privateKey } = await generateKeyPair("ES256");
  const claims = decodeJwt(await idp.sign());
  for (const kid of ["idp-1", "idp-2"]) {
    const forged = new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
    await assert.rejects(verifier.verify(await forged), invalid);
  }
});

test("AUTH12 alg none and HS256 with the public key are refused", async (t) => {
  const { idp, verifier } = await verifierFixture(t, { alg: "RS256" });
  const claims = decodeJwt(await idp.sign());
  const [, payload, signature] = (await idp.sign()).split(".");
  const header = Buffer.from('{"alg":"none","kid":"idp-1"}').toString("base64url");
  await assert.rejects(verifier.verify(`${header}.${payload}.`), invalid);
  await assert.rejects(verifier.verify(`${header}.${payload}.${signature}`), invalid);
  const key = idp.publicJwk as JsonWebKeyInput["key"];
  const pem = createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
  const hs256 = new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "idp-1" });
  await assert.rejects(verifier.verify(await hs256.sign(Buffer.from(pem))), invalid);
});

test("AUTH12 clocks may differ by 59 s and not by 61 s", async (t) => {
  const { idp, verifier, clock } = await verifierFixture(t);
  const seconds = startTime / 1_000;
  const expiring = await idp.sign({ exp: seconds });
  const notYet = await idp.sign({ nbf: seconds + 120 });
  clock.time = startTime + 59_000;
  await assert.doesNotReject(verifier.verify(expiring));
  await assert.rejects(verifier.verify(notYet), invalid);
  clock.time = startTime + 61_000;
  await assert.rejects(verifier.verify(expiring), invalid);
  await assert.doesNotReject(verifier.verify(notYet));
});

test("AUTH12 a check counts until the token's end with skew, and 10 minutes at most", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const long = await verifier.verify(await idp.sign());
  assert.equal(long.validUntil, startTime + 600_000);
  const short = await verifier.verify(await idp.sign({ exp: startTime / 1_000 + 5 }));
  assert.equal(short.validUntil, startTime + 65_000);
});

test("AUTH5 an org or user claim that is no id is refused", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const orgs = [
    "../acme",
    "acme/../other",
    "",
    "a b",
    "x".repeat(65),
    7,
    null,
    ["acme"],
    undefined,
  ];
  for (const org_id of orgs) {
    await assert.rejects(verifier.verify(await idp.sign({ org_id })), invalid, String(org_id));
  }
  for (const sub of ["", "x".repeat(257), 7, "a\0", undefined]) {
    const token = await idp.sign({ sub });
    await assert.rejects(verifier.verify(token), invalid, String(sub));
  }
});

test("AUTH13 only the role admin makes an admin", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const roles = ["admin", "member", "Admin", "owner", ["admin"], true, undefined];
  for (const role of roles) {
    const { principal } = await verifier.verify(await idp.sign({ role }));
    assert.equal(principal.role, role === "admin" ? "admin" : "member", String(role));
  }
});

test("AUTH13 scopes come as text or as a list, unknown ones are dropped", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const table: [unknown, string[]][] = [
    ["openid agent:run email", ["agent:run"]],
    [["agent:read", 7, "admin"], ["agent:read"]],
    ["", []],
    [undefined, []],
    [{ "agent:read": true }, []],
    ["*", ["*"]],
  ];
  for (const [scope, scopes] of table) {
    assert.deepEqual((await verifier.verify(await idp.sign({ scope }))).principal.scopes, scopes);
  }
});

test("AUTH13 claims are read under their configured names", async (t) => {
  const claims = { user: "email", org: "https://x.example/org", role: "spool.role", scopes: "scp" };
  const { idp, verifier } = await verifierFixture(t, { claims });
  const { principal } = await verifier.verify(
    await idp.sign({
      email: "bob@x.example",
      "https://x.example/org": "umbrella",
      "spool.role": "admin",
      scp: ["agent:*"],
      jti: undefined,
    }),
  );
  assert.equal(principal.userId, "bob@x.example");
  assert.equal(principal.orgId, "umbrella");
  assert.equal(principal.role, "admin");
  assert.deepEqual(principal.scopes, ["agent:*"]);
  assert.equal(principal.credential.id, null);
});

test("AUTH12 a JWKS that cannot be read is no fault of the token", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const token = await idp.sign();
  idp.answerWith((_, response) => response.writeHead(503).end("busy"));
  await assert.rejects(verifier.verify(token), { code: "INTERNAL" });
  idp.answerWith((_, response) => response.end("<html>"));
  await assert.rejects(verifier.verify(token), { code: "INTERNAL" });
  idp.answerWith((_, response) => response.end('{"keys": 7}'));
  await assert.rejects(verifier.verify(token), { code: "INTERNAL" });
  idp.answerWith((_, response) => response.end(JSON.stringify({ keys: [idp.publicJwk] })));
  await assert.doesNotReject(verifier.verify(token), "it recovers by itself");
});

test("AUTH12 with an unreachable JWKS a good token is still told from a bad one", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  const token = await idp.sign();
  await idp.stop();
  await assert.rejects(verifier.verify(token), { code: "INTERNAL" });
  await assert.rejects(verifier.verify("not.a.token"), invalid);
});

test("AUTH12 made-up key ids do not make the server fetch again and again", async (t) => {
  const { idp, verifier } = await verifierFixture(t);
  for (const number of [1, 2, 3, 4]) {
    const token = await idp.sign({}, { kid: `made-up-${number}` });
    await assert.rejects(verifier.verify(token), invalid);
  }
  assert.equal(idp.fetches(), 1);
});

test("only http and https may serve a JWKS", () => {
  const options = { issuer: "i", audience: "a", claims: usualNames, now: Date.now };
  const jwksUrl = new URL("file:///etc/jwks.json");
  assert.throws(() => createTokenVerifier({ ...options, jwksUrl }), /must be http or https/);
});
