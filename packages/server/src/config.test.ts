/** The configuration's table: defaults, flags, wrong values (CFG1, CFG2). */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConfigError, parseConfig, serveFlags, settings } from "./config.ts";

function problemOf(env: Record<string, string>, flags: object = {}): string {
  try {
    parseConfig(env, flags);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return "";
}

test("CFG1 nothing set gives the table's defaults", () => {
  assert.deepEqual(parseConfig({}), {
    host: "127.0.0.1",
    port: 4646,
    dataDir: "./data",
    jwksUrl: null,
    jwtIssuer: null,
    jwtAudience: null,
    jwtClaimUser: "sub",
    jwtClaimOrg: "org_id",
    jwtClaimRole: "role",
    jwtClaimScopes: "scope",
    corsOrigins: [],
    trustProxy: false,
    publicUrl: null,
    rateLimit: 0,
    heartbeatSeconds: 10,
    internalToken: null,
    summariserUrl: null,
    summariserModel: null,
    summariserApiKey: null,
    logLevel: "info",
  });
});

test("CFG1 every variable that SPEC.md's table names is here, and a flag of its own", () => {
  const spec = readFileSync(new URL("../../../SPEC.md", import.meta.url), "utf8");
  const section = spec.slice(spec.indexOf("## CFG"), spec.indexOf("- **CFG1**"));
  const named = section.matchAll(/`(SPOOL_\w+|_(?:ORG|ROLE|SCOPES))`/g);
  const variables = [...named].map(([, name = ""]) =>
    name.startsWith("_") ? `SPOOL_JWT_CLAIM${name}` : name,
  );
  const known = Object.values(settings).map(({ env }) => env as string);
  assert.deepEqual(variables.toSorted(), known.toSorted());
  const flags = serveFlags();
  assert.equal(flags.length, known.length);
  const port = flags.find(({ name }) => name === "port");
  assert.equal(port?.syntax, "--port <number>");
  assert.match(port?.help ?? "", /SPOOL_PORT, default 4646/);
});

test("CFG1 flags win over variables, and an empty variable is not set", () => {
  const env = { SPOOL_PORT: "1", SPOOL_HOST: "", SPOOL_LOG_LEVEL: "debug" };
  const config = parseConfig(env, { port: "2" });
  assert.deepEqual([config.port, config.host, config.logLevel], [2, "127.0.0.1", "debug"]);
});

test("CFG1 values of each kind", () => {
  const config = parseConfig({
    SPOOL_CORS_ORIGINS: "https://a.example, http://localhost:5173",
    SPOOL_TRUST_PROXY: "loopback, 10.0.0.0/8,::1",
    SPOOL_PUBLIC_URL: "https://spool.example/base",
    SPOOL_JWKS_URL: "https://idp.example/jwks",
    SPOOL_JWT_ISSUER: "idp",
    SPOOL_JWT_AUDIENCE: "spool",
  });
  assert.deepEqual(config.corsOrigins, ["https://a.example", "http://localhost:5173"]);
  assert.deepEqual(config.trustProxy, ["loopback", "10.0.0.0/8", "::1"]);
  assert.equal(config.publicUrl?.href, "https://spool.example/base");
  assert.equal(config.jwksUrl?.href, "https://idp.example/jwks");
  assert.equal(parseConfig({ SPOOL_TRUST_PROXY: "2" }).trustProxy, 2);
  assert.equal(parseConfig({ SPOOL_TRUST_PROXY: "true" }).trustProxy, true);
  assert.deepEqual(parseConfig({ SPOOL_CORS_ORIGINS: "*" }).corsOrigins, ["*"]);
});

test("CFG2 a wrong value is one line that names the variable or flag and what is allowed", () => {
  for (const [name, value] of [
    ["SPOOL_HOST", " "],
    ["SPOOL_INTERNAL_TOKEN", "short"],
    ["SPOOL_INTERNAL_TOKEN", "with a blank in the middle"],
    ["SPOOL_PORT", "65536"],
    ["SPOOL_PORT", "-1"],
    ["SPOOL_PORT", "4e3"],
    ["SPOOL_PORT", "x\ny"],
    ["SPOOL_RATE_LIMIT", "1.5"],
    ["SPOOL_HEARTBEAT_SECONDS", "0"],
    ["SPOOL_LOG_LEVEL", "loud"],
    ["SPOOL_PUBLIC_URL", "spool.example"],
    ["SPOOL_PUBLIC_URL", "ftp://spool.example"],
    ["SPOOL_PUBLIC_URL", "https://user:secret@spool.example"],
    ["SPOOL_CORS_ORIGINS", "https://a.example,b.example"],
    ["SPOOL_CORS_ORIGINS", "https://a.example/path"],
    ["SPOOL_TRUST_PROXY", "proxy.example"],
    ["SPOOL_TRUST_PROXY", "10.0.0.0/33"],
    ["SPOOL_TRUST_PROXY", "10.0.0.0/8,"],
  ] as const) {
    const problem = problemOf({ [name]: value });
    assert.match(problem, new RegExp(`^${name} must be `), `${name}=${value}`);
    assert.equal(problem.includes("secret"), false);
  }
  assert.match(problemOf({}, { port: "x" }), /^--port must be a whole number from 0 to 65535$/);
  assert.match(problemOf({}, { jwtClaimUser: "" }), /^--jwt-claim-user must be /);
});

test("CFG2 AUTH12 a JWKS without issuer or audience does not start, nor these without it", () => {
  const url = { SPOOL_JWKS_URL: "https://idp.example/jwks" };
  assert.match(problemOf(url), /SPOOL_JWT_ISSUER/);
  assert.match(problemOf({ ...url, SPOOL_JWT_ISSUER: "a" }), /SPOOL_JWT_AUDIENCE/);
  assert.match(problemOf({ SPOOL_JWT_ISSUER: "a" }), /^SPOOL_JWT_ISSUER .*SPOOL_JWKS_URL/);
});

test("CFG2 what is not built yet stops the start instead of being passed over", () => {
  for (const name of ["SPOOL_DATABASE_URL", "SPOOL_NATS_URL"]) {
    const problem = problemOf({ [name]: "postgres://user:secret@db" });
    assert.match(problem, new RegExp(`^${name} is not supported`));
    assert.equal(problem.includes("secret"), false);
  }
});

test("CFG16 a summariser is a URL with a model, and a key if it wants one", () => {
  const url = { SPOOL_SUMMARISER_URL: "http://127.0.0.1:11434/v1" };
  const model = { SPOOL_SUMMARISER_MODEL: "m" };
  const key = { SPOOL_SUMMARISER_API_KEY: "sk-secret" };
  const config = parseConfig({ ...url, ...model, ...key });
  assert.equal(config.summariserUrl?.href, "http://127.0.0.1:11434/v1");
  assert.deepEqual([config.summariserModel, config.summariserApiKey], ["m", "sk-secret"]);
  assert.equal(parseConfig({ ...url, ...model }).summariserApiKey, null);
  const flags = { summariserUrl: "https://api.anthropic.com", summariserModel: "c" };
  assert.equal(parseConfig({}, flags).summariserUrl?.hostname, "api.anthropic.com");
});

test("CFG2 CFG16 a wrong summariser stops the start with one line, without its key", () => {
  const url = { SPOOL_SUMMARISER_URL: "http://127.0.0.1/v1" };
  const model = { SPOOL_SUMMARISER_MODEL: "m" };
  assert.match(problemOf(url), /^SPOOL_SUMMARISER_URL needs SPOOL_SUMMARISER_MODEL/);
  assert.match(problemOf(model), /^SPOOL_SUMMARISER_MODEL counts .* SPOOL_SUMMARISER_URL/);
  const alone = problemOf({ SPOOL_SUMMARISER_API_KEY: "sk-secret" });
  assert.match(alone, /^SPOOL_SUMMARISER_API_KEY counts .* SPOOL_SUMMARISER_URL/);
  for (const wrong of ["sk-secret two", "sk-secret\nX-Other: 1", "sk-secret-é", " "]) {
    const problem = problemOf({ ...url, ...model, SPOOL_SUMMARISER_API_KEY: wrong });
    assert.match(problem, /^SPOOL_SUMMARISER_API_KEY must be /);
    assert.equal(problem.includes("secret"), false);
  }
  for (const wrong of ["127.0.0.1/v1", "ftp://host/v1", "https://user:secret@host/v1"]) {
    const problem = problemOf({ ...model, SPOOL_SUMMARISER_URL: wrong });
    assert.match(problem, /^SPOOL_SUMMARISER_URL must be an http or https URL/);
    assert.equal(problem.includes("secret"), false);
  }
});
