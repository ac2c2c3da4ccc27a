/**
 * The setup script in small checkouts, with a stand-in for npm that records its calls: when it
 * installs, when it leaves things as they are, and what it says when it cannot.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";

const lockedWs = { version: "8.0.0", integrity: "sha512-a" };
const server = { name: "server", dependencies: { ws: "8.0.0" } };
const lock = {
  packages: {
    "": { name: "root", workspaces: ["packages/*"] },
    "packages/server": server,
    "node_modules/server": { resolved: "packages/server", link: true },
    "node_modules/ws": lockedWs,
    "node_modules/ws-other-platform": { version: "1.0.0", optional: true },
  },
};

/** Does what `npm ci` does as far as setup can see; `mode` says what goes wrong. */
const standIn = `#!/bin/sh
echo "$@" >> calls
case "$(cat mode)" in
  fail) echo "npm error network down" >&2; exit 7 ;;
  half) rm -rf node_modules; mkdir -p node_modules/.bin ;;
  *) rm -rf node_modules; mkdir -p node_modules/.bin; ln -s "$REAL_NODE" node_modules/.bin/node ;;
esac
`;

class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), "setup-"));

  constructor(t: TestContext) {
    t.after(() => rmSync(this.root, { recursive: true }));
    this.write("package.json", { name: "root", workspaces: ["packages/*"] });
    this.write("packages/server/package.json", server);
    this.write("package-lock.json", lock);
    this.write("mode", "work");
    this.write("programs/npm", standIn);
    chmodSync(this.at("programs/npm"), 0o755);
    mkdirSync(this.at("tools"));
    copyFileSync(join(import.meta.dirname, "setup.mjs"), this.at("tools/setup.mjs"));
  }

  at(path: string): string {
    return join(this.root, path);
  }

  write(path: string, content: unknown): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Runs setup; gives its exit status and what it said. */
  setUp(scripts: readonly string[] = []): { status: number | null; said: string } {
    const path = [this.at("programs"), process.env.PATH].join(delimiter);
    const env = { ...process.env, PATH: path, REAL_NODE: process.execPath };
    const parameters = [this.at("tools/setup.mjs"), ...scripts];
    const { status, stderr } = spawnSync(process.execPath, parameters, { env, encoding: "utf8" });
    return { status, said: stderr };
  }

  /** The calls of npm so far. */
  calls(): string[] {
    if (!existsSync(this.at("calls"))) return [];
    return readFileSync(this.at("calls"), "utf8").trimEnd().split("\n");
  }
}

test("CFG3 a fresh checkout is installed once, in one line, and then left alone", (t) => {
  const checkout = new Checkout(t);
  const first = checkout.setUp();
  assert.match(first.said, /^installing packages … done in \d+\.\d s\n$/);
  assert.equal(first.status, 0);
  assert.deepEqual(checkout.setUp(), { status: 0, said: "" });
  assert.deepEqual(checkout.calls(), ["ci --no-audit --no-fund --loglevel=error --include=dev"]);
});

test("CFG3 a changed lock file or manifest is installed again", (t) => {
  const checkout = new Checkout(t);
  checkout.setUp();
  checkout.write("package-lock.json", { ...lock, changed: true });
  checkout.setUp();
  assert.equal(checkout.calls().length, 2);
  checkout.write("packages/client/package.json", { name: "client" });
  checkout.setUp();
  assert.equal(checkout.calls().length, 3);
});

test("CFG3 an install cut short is done again", (t) => {
  const checkout = new Checkout(t);
  checkout.setUp();
  unlinkSync(checkout.at("node_modules/.bin/node"));
  assert.equal(checkout.setUp().status, 0);
  assert.equal(checkout.calls().length, 2);
  unlinkSync(checkout.at("node_modules/.bin/node"));
  checkout.write("node_modules/.bin/node", "not a program");
  assert.equal(checkout.setUp().status, 0);
  assert.equal(checkout.calls().length, 3);
});

test("CFG3 what npm install left by hand is accepted when it is what the lock file names", (t) => {
  const record = {
    packages: {
      "packages/server": server,
      "node_modules/server": { resolved: "packages/server", link: true },
      "node_modules/ws": lockedWs,
    },
  };
  const other = { packages: { ...record.packages, "node_modules/ws": { version: "9.0.0" } } };
  for (const [installed, calls] of [
    [record, 1],
    [other, 2],
  ] as const) {
    const checkout = new Checkout(t);
    checkout.setUp();
    unlinkSync(checkout.at("node_modules/.spool-setup"));
    checkout.write("node_modules/.package-lock.json", installed);
    checkout.setUp();
    assert.equal(checkout.calls().length, calls);
    assert.deepEqual(checkout.setUp(), { status: 0, said: "" });
  }
});

test("CFG3 npm start and npm test set up before they do anything else", () => {
  const manifest = readFileSync(join(import.meta.dirname, "..", "package.json"), "utf8");
  const { scripts } = JSON.parse(manifest);
  for (const script of ["prestart", "pretest"]) {
    assert.match(scripts[script], /^node tools\/setup\.mjs(?: [\w./-]+)+$/, script);
  }
});

test("CFG3 what is named behind setup is run by the project's own Node, and stops at a failure", (t) => {
  const checkout = new Checkout(t);
  const script = (text: string) =>
    `import fs from "node:fs";\nfs.appendFileSync("ran", ${text});\n`;
  checkout.write("first.mjs", `${script("process.argv0")}process.exit(process.env.FIRST | 0);\n`);
  checkout.write("second.mjs", script('"second"'));
  assert.equal(checkout.setUp(["first.mjs", "second.mjs"]).status, 0);
  const ran = readFileSync(checkout.at("ran"), "utf8");
  assert.match(ran, /node_modules\/\.bin\/node"?second$/);
  process.env.FIRST = "7";
  t.after(() => delete process.env.FIRST);
  assert.equal(checkout.setUp(["first.mjs", "second.mjs"]).status, 7);
  assert.doesNotMatch(readFileSync(checkout.at("ran"), "utf8").slice(ran.length), /second/);
});

test("a manifest that asks for more than the lock file names is npm's to judge", (t) => {
  const checkout = new Checkout(t);
  checkout.setUp();
  checkout.write("node_modules/.package-lock.json", lock);
  checkout.write("packages/server/package.json", { ...server, dependencies: { ws: "9.0.0" } });
  checkout.setUp();
  assert.equal(checkout.calls().length, 2);
});

test("when npm fails, its words and one line that says what to do are printed", (t) => {
  const checkout = new Checkout(t);
  checkout.write("mode", "fail");
  const { status, said } = checkout.setUp();
  assert.equal(status, 1);
  assert.match(
    said,
    /^installing packages … failed\nnpm error network down\nsetup failed: npm ci ended with 7: .*run npm ci\n$/,
  );
  checkout.write("mode", "work");
  assert.equal(checkout.setUp().status, 0);
});

test("an install that brings no node is no success", (t) => {
  const checkout = new Checkout(t);
  checkout.write("mode", "half");
  const { status, said } = checkout.setUp();
  assert.equal(status, 1);
  assert.match(said, /setup failed: npm did not set up its own node: /);
});

test("the lock file is never written", (t) => {
  const checkout = new Checkout(t);
  checkout.setUp();
  assert.equal(readFileSync(checkout.at("package-lock.json"), "utf8"), JSON.stringify(lock));
});
