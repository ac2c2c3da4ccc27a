/**
 * Installs the packages when they are missing or not those of `package-lock.json`; otherwise ends
 * at once. Runs before `npm start`, `npm test`, `npm run check` and the like with whatever Node the
 * machine has (20 or newer), so it is plain JavaScript. Never changes `package-lock.json`. Scripts
 * that are named behind it are then run by the project's own Node, one after the other: a shell may
 * still know the machine's.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, "node_modules", ".bin", "node");
/** Holds the fingerprint of the manifests that `node_modules` was installed from. */
const stampFile = join(root, "node_modules", ".spool-setup");
const dependencyFields = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
];

function main() {
  prepare();
  for (const script of process.argv.slice(2)) {
    const { status } = spawnSync(pinnedNode, [script], { cwd: root, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
  }
}

/** Installs what is missing. */
function prepare() {
  if (Number.parseInt(process.versions.node, 10) < 20) {
    fail(`Node 20 or newer is needed, this is ${process.version}: install a newer one`);
  }
  const workspaces = workspaceFolders();
  const fingerprint = fingerprintOf(workspaces);
  if (isRunnable()) {
    if (readIfThere(stampFile) === fingerprint) return;
    if (isInstalledAsLocked(workspaces)) return writeFileSync(stampFile, fingerprint);
  }
  install();
  writeFileSync(stampFile, fingerprint);
}

/** Runs `npm ci`; ends the process with one line that says what to do when that fails. */
function install() {
  const started = performance.now();
  process.stderr.write("installing packages … ");
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--include=dev"];
  const npm = spawnSync("npm", ["ci", ...flags], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: pathWithoutPackages() },
    maxBuffer: 2 ** 26,
    shell: process.platform === "win32",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (npm.error !== undefined) {
    process.stderr.write("failed\n");
    fail(`npm did not start (${npm.error.message}): install Node 20 or newer together with npm`);
  }
  if (npm.status !== 0) {
    // What npm prints behind these lines is its usage.
    process.stderr.write(`failed\n${npm.stderr.split("\n").slice(0, 20).join("\n").trimEnd()}\n`);
    fail(`npm ci ended with ${npm.status ?? npm.signal}: see its words above, then run npm ci`);
  }
  process.stderr.write(`done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  if (isRunnable()) return;
  fail(
    "npm did not set up its own node: where install scripts are off, npm ci --ignore-scripts=false",
  );
}

/** One hash over everything that decides what is installed, the platform included. */
function fingerprintOf(workspaces) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  const manifests = ["", ...workspaces].map((folder) => join(folder, "package.json"));
  for (const path of ["package-lock.json", ...manifests]) {
    hash.update(`\n${path}\n`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

/**
 * Whether an `npm install` done by hand left exactly what the lock file names, and the manifests
 * agree with it. npm keeps its own record of what it put there.
 */
function isInstalledAsLocked(workspaces) {
  const record = readIfThere(join(root, "node_modules", ".package-lock.json"));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const agree = ["", ...workspaces].every((folder) => declaresWhatIsLocked(folder, locked));
  return (
    agree &&
    Object.keys(installed).every((path) => path in locked) &&
    Object.entries(locked).every(([path, wanted]) => path === "" || fits(installed[path], wanted))
  );
}

/** A package for another platform is locked but not installed. */
function fits(found, wanted) {
  if (found === undefined) return wanted.optional === true;
  return found.version === wanted.version && found.integrity === wanted.integrity;
}

function declaresWhatIsLocked(folder, locked) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const inOrder = (field) => JSON.stringify(Object.entries(field ?? {}).sort());
  return dependencyFields.every(
    (field) => inOrder(manifest[field]) === inOrder(locked[folder.replaceAll(sep, "/")]?.[field]),
  );
}

/** The folders named by the root's `workspaces`: `name`, or `name/*` for all below it. */
function workspaceFolders() {
  const { workspaces = [] } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return workspaces
    .flatMap((pattern) => {
      if (!pattern.endsWith("/*")) return [pattern];
      const parent = pattern.slice(0, -2);
      return existsSync(join(root, parent))
        ? readdirSync(join(root, parent)).map((name) => join(parent, name))
        : [];
    })
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .sort();
}

/** Whether the pinned Node is there and runs; an install that was cut short leaves none. */
function isRunnable() {
  if (!existsSync(pinnedNode)) return false;
  if (realpathSync(pinnedNode) === process.execPath) return true;
  return spawnSync(pinnedNode, ["--version"], { stdio: "ignore" }).status === 0;
}

/** The PATH without packages' programs: npm must not run on a Node that it is replacing. */
function pathWithoutPackages() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const ofPackages = join("node_modules", ".bin");
  return folders.filter((folder) => !folder.endsWith(ofPackages)).join(delimiter);
}

/** The file's text, or null where it is missing. */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function fail(message) {
  process.stderr.write(`setup failed: ${message}\n`);
  process.exit(1);
}

main();
