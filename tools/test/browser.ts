/**
 * The Chromium that the page's tests run in: where it is on this machine, and how it gets there.
 * `npm test` installs it where that needs nobody's leave (Debian as root); elsewhere it says what to
 * do, and the page's tests fail until it is done.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const elsewhere = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:/Program Files/Google/Chrome/Application/chrome.exe",
];

/** The browser's path: `CHROMIUM_PATH`, else the first that is found; null when there is none. */
export function findBrowser(): string | null {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [...inPath, ...elsewhere].find(isProgram) ?? null;
}

/** Installs Debian's Chromium as root; otherwise, and where that fails, prints what to do. */
export function installBrowser(): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot && spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0) {
    process.stderr.write("installing Chromium for the page's tests … ");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (args: string[]) =>
      spawnSync("apt-get", ["-q", ...args], { env, encoding: "utf8" });
    apt(["update"]);
    const packages = ["chromium", "fonts-noto-core", "fonts-noto-color-emoji"];
    const { status, stderr } = apt(["install", "-y", "--no-install-recommends", ...packages]);
    process.stderr.write(status === 0 ? "done\n" : `failed\n${stderr}\n`);
    if (status === 0) return;
  }
  process.stderr.write(`${howToGetOne}\n`);
}

/** For whoever runs the tests without one. */
export const howToGetOne =
  "no Chromium for the page's tests: install chromium or Google Chrome, or set CHROMIUM_PATH";

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run: the next one may be.
    return false;
  }
}
