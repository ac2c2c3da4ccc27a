/** What is masked, what is not, and that no text takes long. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Frame, ThreadHeader } from "@spool/adapters/frame";
import { SeededRandom } from "@spool/server/testing/seeded-random";
import { masksOfFile } from "./pattern-file.ts";
import { Redactor } from "./redactor.ts";
import { secretFields, secretRules } from "./secret-rules.ts";

const mask = (text: string) => new Redactor().text(text);
const letters = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3Ab4Cd5Ef6Gh7Ij8Kl9Mn0Op1Qr2St3Uv4";
const some = (length: number) => letters.repeat(10).slice(0, length);
const pem = (label: string, body: string) =>
  `-----BEGIN ${label}-----${body}-----END ${label}-----`;

/** By rule name: secrets that have to go, each with the part of it that may stay. */
const secrets: readonly (readonly [name: string, secret: string, before?: string])[] = [
  ["private-key", pem("RSA PRIVATE KEY", `\nProc-Type: 4,ENCRYPTED\n\n${some(600)}\n`)],
  ["private-key", pem("OPENSSH PRIVATE KEY", `\\n${some(64)}\\n${some(20)}==\\n`)],
  ["private-key", pem("PGP PRIVATE KEY BLOCK", `\n${some(90)}\n`)],
  ["private-key", `-----BEGIN PRIVATE KEY-----\n${some(64)}\n${some(64)}`],
  ["aws-key", "AKIAIOSFODNN7EXAMPLE".replace("1", "2")],
  ["github-token", `ghp_${some(36)}`],
  ["github-token", `github_pat_${some(22)}_${some(59)}`],
  ["gitlab-token", `glpat-${some(20)}`],
  ["slack-token", `xoxb-${"123456789012-".repeat(2)}${some(24)}`],
  ["slack-webhook", `hooks.slack.com/services/T${some(8)}/B${some(8)}/${some(24)}`, "https://"],
  ["anthropic-key", `sk-ant-api03-${some(80)}`],
  ["openai-key", `sk-proj-${some(48)}`],
  ["openai-key", `sk-${some(48)}`],
  ["stripe-key", `sk_live_${some(24)}`],
  ["google-key", `AIza${some(35)}`],
  ["google-token", `ya29.${some(60)}`],
  ["google-secret", `GOCSPX-${some(28)}`],
  ["npm-token", `npm_${some(36)}`],
  ["pypi-token", `pypi-AgE${some(80)}`],
  ["huggingface-token", `hf_${some(34)}`],
  ["digitalocean-token", `dop_v1_${"0123456789abcdef".repeat(4)}`],
  ["sendgrid-key", `SG.${some(22)}.${some(43)}`],
  ["shopify-token", `shpat_${"0a".repeat(16)}`],
  ["groq-key", `gsk_${some(52)}`],
  ["xai-key", `xai-${some(80)}`],
  ["replicate-token", `r8_${some(37)}`],
  ["databricks-token", `dapi${"0a".repeat(16)}`],
  ["docker-token", `dckr_pat_${some(27)}`],
  ["vault-token", `hvs.${some(90)}`],
  ["linear-key", `lin_api_${some(40)}`],
  ["notion-token", `ntn_${some(46)}`],
  ["supabase-token", `sbp_${some(40)}`],
  ["tailscale-key", `tskey-auth-${some(30)}`],
  ["telegram-token", `bot123456789:${some(35)}`],
  ["age-key", `AGE-SECRET-KEY-1${"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).slice(0, 58)}`],
  ["spool-key", `rt_live_${some(43)}`],
  ["jwt", `eyJ${some(20)}.eyJ${some(60)}.${some(43)}`],
  ["azure-key", `${some(86)}==`, "AccountKey="],
  ["url-password", "hunter2", "postgres://user:"],
  ["authorization", some(30), "Authorization: Bearer "],
  ["authorization", some(12), String.raw`-H \"authorization: Basic `],
  ["authorization", some(30), "bearer "],
  ["api-key", some(24), "x-api-key: "],
  ["password", "s3cret!", "DB_PASSWORD="],
  ["password", "s3cret!", 'password: "'],
  ["secret", some(40), "AWS_SECRET_ACCESS_KEY="],
  ["secret", some(32), "export MY_TOKEN='"],
  ["secret", some(32), String.raw`\"access_token\": \"`],
];

test("WATCH9 every rule masks what it is for, in text, in JSON within text, and behind line breaks", () => {
  assert.deepEqual(
    [...new Set(secrets.map(([name]) => name))].sort(),
    [...new Set(secretRules.map(({ name }) => name))].sort(),
  );
  for (const [name, secret, before = ""] of secrets) {
    const end = name === "url-password" ? "@host/db" : "";
    for (const [left, right] of [
      ["", ""],
      ["see ", " there"],
      ['{"a":"', '"}'],
      ["x\\n", "\\n"],
      ["a\n", "\n"],
    ]) {
      const text = `${left}${before}${secret}${end}${right}`;
      const redactor = new Redactor();
      const masked = redactor.text(text);
      const expected = `${left}${before}[redacted:${name}]${end}${right}`;
      // Without its end, a key goes on as far as it looks like one.
      if (name === "private-key" && !secret.includes("END")) {
        assert.ok(masked.startsWith(`${left}[redacted:private-key]`) && !masked.includes(some(20)));
      } else assert.equal(masked, expected);
      assert.equal(redactor.count, 1);
      assert.equal(mask(masked), masked, "a masked text stays as it is");
    }
  }
});

test("WATCH9 what only looks like a secret stays", () => {
  for (const text of [
    "The task-list of sk-learn, risk-averse",
    "MAX_TOKENS=128000, TOKEN_LIMIT: 1234567890123456789",
    "password: string; PASSWORD=$DB_PASSWORD; PASSWORD=<yours>",
    "Authorization: Bearer $TOKEN",
    "https://example.com:8080/a@b and http://user@host/",
    "import { token } from './access_token.ts'",
    "019d0000-0000-7000-8000-000000000001 toolu_01A2b3C4d5E6f7G8h9 call_abc msg_01XYZ",
    "-----BEGIN PRIVATE KEY----- begins a key",
    `sha256:${"0123456789abcdef".repeat(4)} ${some(200)}`,
    "AKIA is how keys begin; eyJ too",
  ]) {
    assert.equal(mask(text), text);
  }
});

test("WATCH9 payloads, titles and metadata are masked; ids and what holds no secret stay the same", () => {
  const key = `ghp_${some(36)}`;
  const redactor = new Redactor();
  const frame = (payload: object) => ({ type: "custom", payload }) as unknown as Frame;
  const clean = frame({ a: ["b", { c: 1 }], d: null });
  assert.equal(redactor.frame(clean), clean);
  const payload = JSON.parse(
    `{"toolCallId":"${key}","input":{"list":[1,"${key}"],"__proto__":{"password":"longenough"}}}`,
  );
  const masked = redactor.frame(frame(payload));
  assert.equal(
    JSON.stringify(masked.payload),
    `{"toolCallId":"${key}","input":{"list":[1,"[redacted:github-token]"],` +
      `"__proto__":{"password":"[redacted:password]"}}}`,
  );
  const header = { title: `use ${key}`, metadata: { url: "https://u:pw1@host/x" } };
  const made = redactor.header(header as unknown as ThreadHeader);
  assert.equal(made.title, "use [redacted:github-token]");
  assert.deepEqual(made.metadata, { url: "https://u:[redacted:url-password]@host/x" });
  assert.equal(redactor.count, 4);
  for (const name of secretFields) {
    const { [name]: value } = redactor.frame(frame({ [name]: "abcdefgh" })).payload;
    assert.equal(value, `[redacted:${name}]`);
  }
});

test("WATCH9 large texts made of beginnings take time in proportion to their length", () => {
  const random = new SeededRandom(9);
  const beginnings = [
    ...secrets.flatMap(([, secret, before = ""]) => [before, secret.slice(0, 8), secret]),
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----",
    "://",
    "://a:",
    "@",
    "eyJ",
    ".eyJ",
    ".",
    "\\n",
    '"',
    " ",
    "Authorization",
    "authorization: ",
    "PASSWORD",
    "TOKEN_",
    "SECRET",
    "bearer ",
    "=",
    "\\",
    "a",
    "1",
  ];
  for (const only of beginnings) if (only !== "") mask(only.repeat(Math.ceil(1e6 / only.length)));
  for (let round = 0; round < 5; round += 1) {
    const [a, b] = [random.pick(beginnings), random.pick(beginnings)];
    mask(`${a}${b}`.repeat(50_000));
    mask(Array.from({ length: 100_000 }, () => random.pick(beginnings)).join(""));
  }
});

test("WATCH10 a person's patterns are applied too; a file that cannot be used is refused by line", () => {
  const folder = mkdtempSync(join(tmpdir(), "spool-patterns-"));
  const file = (text: string) => {
    const path = join(folder, "patterns");
    writeFileSync(path, text);
    return path;
  };
  const lines = new Redactor(masksOfFile(file("# ours\n\ncustomer-\\d+\n[0-9]{16}\n")));
  assert.equal(
    lines.text("customer-12 and 1234567890123456"),
    "[redacted:custom] and [redacted:custom]",
  );
  assert.equal(lines.count, 2);
  const json = masksOfFile(file('["a{9}", {"name": "host", "pattern": "db-\\\\w+"}]'));
  assert.equal(
    new Redactor(json).text("on db-main aaaaaaaaa"),
    "on [redacted:host] [redacted:custom]",
  );
  // Time in proportion to the text, for what takes for ever elsewhere.
  const slow = new Redactor(masksOfFile(file("(a+)+b$\n")));
  assert.equal(slow.text("a".repeat(50_000)), "a".repeat(50_000));
  for (const [text, problem] of [
    ["ok\n(", /patterns:2 cannot be used/],
    ["(?=a)b", /without look-around/],
    ["a*", /matches the empty text/],
    ['[{"pattern": 1}]', /\[0\] is no pattern/],
    ['[{"name": "A B", "pattern": "x"}]', /is no pattern/],
  ] as const) {
    assert.throws(() => masksOfFile(file(text)), problem);
  }
  assert.throws(() => masksOfFile(join(folder, "none")), /cannot read .*ENOENT/);
  rmSync(folder, { recursive: true });
});
