/**
 * What every command gets beside its own arguments: output, the global options, a client made from
 * them (CFG7), and a signal that Ctrl-C aborts. Made once per process by `main.ts`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SpoolClient } from "@spool/client/spool-client";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

/** The options that every command takes. */
export type GlobalOptions = {
  readonly json?: boolean;
  readonly url?: string;
  readonly apiKey?: string;
  readonly dataDir?: string;
};

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined };

/** Where a server is expected when nothing says otherwise. */
export const urlDefault = "http://127.0.0.1:4646";
const dataDirDefault = "./data";
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The surroundings of one run of `spool`. */
export class CommandContext {
  readonly output: Output;
  readonly env: Environment;
  readonly #options: GlobalOptions;
  readonly #interrupt = new AbortController();
  #listening = false;

  constructor(output: Output, env: Environment, options: GlobalOptions) {
    this.output = output;
    this.env = env;
    this.#options = options;
  }

  /** Whether results are for programs. */
  get json(): boolean {
    return this.#options.json === true;
  }

  /** The address that was given, by option or environment; null to use the default. */
  get givenUrl(): string | null {
    return this.#options.url ?? (this.env.SPOOL_URL || null);
  }

  /** The server's address. */
  get url(): string {
    return this.givenUrl ?? urlDefault;
  }

  /** The data directory that was named by option; undefined without one. */
  get givenDataDir(): string | undefined {
    return this.#options.dataDir;
  }

  /** The data directory of a server on this machine. */
  get dataDir(): string {
    return this.givenDataDir ?? (this.env.SPOOL_DATA_DIR || dataDirDefault);
  }

  /** Aborted by Ctrl-C; a second one ends the process at once. */
  get interrupted(): AbortSignal {
    if (!this.#listening) {
      this.#listening = true;
      for (const name of ["SIGINT", "SIGTERM"] as const) {
        process.once(name, () => this.#interrupt.abort());
      }
    }
    return this.#interrupt.signal;
  }

  /** Whether Ctrl-C was pressed. */
  get wasInterrupted(): boolean {
    return this.#interrupt.signal.aborted;
  }

  /** A client of the server. Throws CommandError when address or key are missing or wrong. */
  client(): SpoolClient {
    const { url } = this;
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new CommandError(`${url} is no address; write it as ${urlDefault}`);
    }
    const secret = this.#secret(new URL(url));
    const isKey = /^rt_(live|test)_/.test(secret);
    return new SpoolClient({ url, credential: isKey ? { apiKey: secret } : { token: secret } });
  }

  /** The admin's key is sent to this machine only, unless its directory was named on purpose. */
  #secret(url: URL): string {
    const given = this.#options.apiKey ?? this.env.SPOOL_API_KEY;
    if (given) return given;
    const { SPOOL_API_KEY_FILE: keyFile } = this.env;
    if (keyFile) {
      const kept = readKeyFile(keyFile);
      if (kept !== null) return kept;
      throw new CommandError(`no API key in ${keyFile}, which SPOOL_API_KEY_FILE names`);
    }
    const path = join(this.dataDir, "admin.key");
    if (loopback.test(url.hostname) || this.givenDataDir !== undefined) {
      const kept = readKeyFile(path);
      if (kept !== null) return kept;
      throw new CommandError(
        `no API key: there is no ${path}; start a server here with npm start, or name its ` +
          "data directory with --data-dir, or a key with --api-key or SPOOL_API_KEY",
      );
    }
    throw new CommandError("no API key: name one with --api-key or SPOOL_API_KEY");
  }
}

/** The key in the file; null without the file. */
function readKeyFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim() || null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new CommandError(`cannot read ${path} (${code}); name a key with --api-key`);
  }
}
