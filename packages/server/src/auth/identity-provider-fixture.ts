/**
 * For tests of this folder: an identity provider that serves its JWKS over HTTP on the loopback and
 * signs tokens with a key of its own. It can be told to answer wrongly, or be stopped.
 */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** A running identity provider; stopped when the test ends. */
export type IdentityProvider = {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: URL;
  readonly publicJwk: JWK;
  /** How often the JWKS was asked for. */
  readonly fetches: () => number;
  /** Replaces the answer to JWKS requests. */
  readonly answerWith: (answer: RequestListener) => void;
  readonly stop: () => Promise<void>;
  /** A signed token; `claims` replace the usual ones, undefined removes one. */
  readonly sign: (claims?: Record<string, unknown>, header?: object) => Promise<string>;
};

/** Starts a provider whose tokens expire an hour after `startTime` (ms), signed with `alg`. */
export async function identityProvider(
  t: TestContext,
  startTime: number,
  alg = "ES256",
): Promise<IdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "idp-1", alg, use: "sig" };
  let fetches = 0;
  let answer: RequestListener = (_, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ keys: [publicJwk] }));
  };
  const server = createServer((request, response) => {
    fetches += 1;
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  t.after(stop);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const usual = {
    iss: "https://idp.example/",
    aud: "spool",
    sub: "alice",
    org_id: "acme",
    scope: "agent:read agent:run",
    exp: startTime / 1_000 + 3_600,
    jti: "t-1",
  };
  return {
    issuer: usual.iss,
    audience: usual.aud,
    jwksUrl: new URL("/jwks.json", origin),
    publicJwk,
    fetches: () => fetches,
    answerWith: (next) => {
      answer = next;
    },
    stop,
    sign: (claims = {}, header = {}) => {
      const token = new SignJWT({ ...usual, ...claims } as JWTPayload);
      return token.setProtectedHeader({ alg, kid: "idp-1", ...header }).sign(privateKey);
    },
  };
}
