/**
 * `spool serve`: starts the server, says where it is, ends it on SIGTERM and SIGINT (CFG14). Loads
 * the server itself only after the compile cache is on, since loading it is most of a start. Called
 * by the command line with a configuration that is already checked.
 */
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import { adminKeyFile } from "./ops/admin-key.ts";

const exitCodes = { done: 0, failed: 1, interruptedTwice: 130 } as const;

/**
 * Serves until a signal ends it; a second signal ends the process at once. Gives the exit code: 0
 * when it stopped in order, 1 when it could not start, with one line on standard error.
 */
export async function serve(config: Config): Promise<number> {
  const signalled = firstSignal();
  // In the user's own cache: a folder that others can write to must not hold code.
  const compiled = join(homedir(), ".cache", "spool", "compile");
  enableCompileCache(compiled);
  // biome-ignore lint/style/noProcessEnv: written, not read; threads are told of it nowhere else
  process.env.NODE_COMPILE_CACHE = compiled;
  const { startApp } = await import("./app.ts");
  let app: App;
  try {
    app = await startApp(config);
  } catch (error) {
    process.stderr.write(`spool: ${startProblem(error, config)}\n`);
    return exitCodes.failed;
  }
  process.stdout.write(greeting(app, config, process.stdout.isTTY === true));
  await signalled;
  await app.close();
  return exitCodes.done;
}

function firstSignal(): Promise<void> {
  let count = 0;
  return new Promise((resolve) => {
    const onSignal = () => {
      count += 1;
      if (count > 1) process.exit(exitCodes.interruptedTwice);
      resolve();
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

/**
 * Where the server is and how to get in (CFG4, AUTH27). A first start tells the key itself anyway; later
 * ones give a code to a terminal only, since what else takes the output may keep it for others.
 */
function greeting(app: App, config: Config, isTerminal: boolean): string {
  const url = config.publicUrl === null ? app.url : config.publicUrl.href.replace(/\/$/, "");
  const keyFile = adminKeyFile(resolve(config.dataDir));
  const lines = [`Spool listens on ${app.url}`];
  const code = isTerminal || app.adminKey !== null ? app.newSignInCode() : null;
  if (code !== null) {
    lines.push("", "Open this within 10 minutes to sign in; it works once:", "");
    lines.push(`  ${url}/#code=${code}`, "");
  }
  if (app.adminKey !== null) {
    lines.push(
      "First start: made the org default with an admin. This is the admin's API key, shown only now:",
      "",
      `  ${app.adminKey}`,
      "",
      `It is also kept in ${keyFile}. Create a thread with it:`,
      "",
      `  curl ${url}/v1/threads -H "X-API-Key: $(cat ${shellQuoted(keyFile)})" \\`,
      `    -H 'Content-Type: application/json' -d '{"title":"Hello"}'`,
    );
  } else if (existsSync(keyFile)) {
    lines.push(`The admin's API key is in ${keyFile}`);
  }
  return `${lines.join("\n")}\n`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** One line that says what is wrong and what to do. */
function startProblem(error: unknown, { host, port }: Config): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use; stop what uses it, or choose another SPOOL_PORT`;
    case "EACCES":
      return `port ${port} on ${host} may not be used by this user; choose another SPOOL_PORT`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine; choose another SPOOL_HOST`;
    default:
      return message.split("\n", 1)[0] as string;
  }
}
