/**
 * `spool service install|status|uninstall`: publishes this user's agents in the background, by the
 * system's own service manager (WATCH13). The key goes into a file that only the user may read.
 */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandError } from "../command-error.ts";
import { runSystemCommand } from "../service/run-system-command.ts";
import { type Service, serviceOf } from "../service/service-files.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
/** What moves agents' folders or ours, taken along as it is now. */
const variables = [
  "CODEX_HOME",
  "CLAUDE_CONFIG_DIR",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "XDG_CACHE_HOME",
];

/** Adds the verbs to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command.description("Publish what this user's agents write in the background, from login on.");
  command
    .command("install")
    .description("write the service and start it; doing it again takes over new settings")
    .option("--dry-run", "print what would be written, without the key, and change nothing")
    .action((options) => install(context(), options));
  command
    .command("status")
    .description("say whether it is installed and runs")
    .action(() => status(context()));
  command
    .command("uninstall")
    .description("stop the service and remove its files; what was published stays")
    .action(() => uninstall(context()));
}

async function install(context: CommandContext, options: { dryRun?: boolean }): Promise<void> {
  const { output, json } = context;
  const service = serviceHere(context);
  const { unit, keyPath } = service;
  if (options.dryRun) {
    if (json) await output.json({ path: unit.path, text: unit.text, keyPath });
    else await output.print(`# ${unit.path}`, unit.text, `# the key: ${keyPath}, mode 0600`);
    return;
  }
  // A key or a server that is wrong is better known now than from a log.
  const client = context.client();
  await client.account.me();
  const credential = await client.http.credential();
  if (credential === null || !("apiKey" in credential)) {
    throw new CommandError("a service needs an API key, not a token; name one with --api-key");
  }
  write(keyPath, `${credential.apiKey}\n`, 0o600);
  write(unit.path, unit.text, unit.mode);
  if (process.platform === "darwin") for (const words of service.stop) runSystemCommand(words);
  for (const words of service.start) must(words);
  if (json) await output.json({ path: unit.path, keyPath, state: stateOf(service) });
  else await output.print(`installed ${unit.path}, key in ${keyPath}: ${stateOf(service)}`);
}

async function status(context: CommandContext): Promise<void> {
  const { output, json } = context;
  const service = serviceHere(context);
  const { path } = service.unit;
  const installed = existsSync(path);
  const state = installed ? stateOf(service) : "not installed";
  if (json) await output.json({ installed, path, state });
  else await output.print(installed ? `${path}: ${state}` : "not installed: spool service install");
  if (state !== "running") process.exitCode = 1;
}

async function uninstall(context: CommandContext): Promise<void> {
  const { output, json } = context;
  const { unit, keyPath, stop } = serviceHere(context);
  const installed = existsSync(unit.path);
  if (installed) for (const words of stop) runSystemCommand(words);
  for (const path of [unit.path, keyPath]) rmSync(path, { force: true });
  if (json) await output.json({ installed: false, path: unit.path });
  else await output.print(installed ? `removed ${unit.path} and ${keyPath}` : "not installed");
}

function serviceHere({ env, url }: CommandContext): Service {
  const { platform } = process;
  if (platform !== "linux" && platform !== "darwin") {
    throw new CommandError("services are made for systemd and launchd; run spool publish --watch");
  }
  const kept = variables.flatMap((name) => {
    const value = env[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return serviceOf({
    platform,
    home: env.HOME || homedir(),
    userId: process.getuid?.() ?? 0,
    configHome: env.XDG_CONFIG_HOME,
    program: [process.execPath, main],
    url,
    environment: Object.fromEntries(kept),
  });
}

function stateOf({ status: words }: Service): string {
  const { code, text } = runSystemCommand(words);
  if (code === 0) return "running";
  return process.platform === "linux" && text !== "" ? text : "not running";
}

function must(words: readonly string[]): void {
  const { code, text } = runSystemCommand(words);
  if (code !== 0) throw new CommandError(`${words.join(" ")} failed with ${code}: ${text}`);
}

function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The mode counts for a new file alone: one that is there may be open to others.
  if (existsSync(path)) chmodSync(path, mode);
  writeFileSync(path, text, { mode });
}
