/**
 * `spool keys create|list|revoke`: on a data directory of this machine (CFG8), or with `--url` or
 * SPOOL_URL the caller's own keys over REST (CFG9).
 */
import type { KeyLabel, Role, Scope } from "@spool/protocol/resources";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { KeyStore } from "../key-store.ts";
import { relativeTime } from "../relative-time.ts";
import { tableLines } from "../table.ts";

type CreateOptions = {
  readonly org?: string;
  readonly user?: string;
  readonly role?: Role;
  readonly scopes?: Scope[];
  readonly name?: string;
  readonly label?: KeyLabel;
  readonly expiresAt?: string;
};

const scopes: readonly string[] = ["agent:read", "agent:run", "agent:*", "*"] satisfies Scope[];

/** Adds the subcommands to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command.description(
    "Create, list and revoke API keys: all keys of a data directory on this machine, " +
      "or with --url your own.",
  );
  configureCreate(command.command("create"), context);
  command
    .command("list")
    .summary("list keys, newest first")
    .option("--org <id>", "of one org")
    .option("--user <id>", "of one user")
    .action((options) => withKeys(context(), (keys) => list(context(), keys, options)));
  command
    .command("revoke")
    .summary("revoke a key")
    .description("Revoke a key. Its next use is refused.")
    .argument("<keyId>", "as keys list shows it, key_…")
    .action((keyId) =>
      withKeys(context(), async (keys) => {
        await keys.revoke(keyId);
        if (context().json) await context().output.json({ id: keyId, revoked: true });
        else await context().output.print(`${keyId} revoked`);
      }),
    );
}

function configureCreate(command: Command, context: () => CommandContext): void {
  command
    .summary("make a key and print it, once")
    .description(
      "Make a key and print it, once. On a data directory org and user are made as needed " +
        "(default and admin), the role is member and the scopes are agent:read,agent:run " +
        "unless given; with --url all of these are your own.",
    )
    .option("--org <id>", "the key's org")
    .option("--user <id>", "the key's user")
    .addOption(new Option("--role <role>", "its role").choices(["member", "admin"]))
    .option("--scopes <list>", "agent:read, agent:run, agent:* or *, with commas", scopeList)
    .option("--name <text>", "what it is for")
    .addOption(new Option("--label <label>", "the word in its prefix").choices(["live", "test"]))
    .option("--expires-at <time>", "when it ends, such as 2030-01-31T00:00:00Z", time)
    .action((options: CreateOptions) =>
      withKeys(context(), async (keys) => {
        const made = await keys.create(options);
        const { json, output } = context();
        if (json) return output.json(made);
        output.note(`${made.id}; keep this key, it is not shown again:`);
        await output.print(made.key);
      }),
    );
}

async function withKeys(
  context: CommandContext,
  work: (keys: KeyStore) => Promise<void>,
): Promise<void> {
  const keys = await keyStore(context);
  try {
    await work(keys);
  } finally {
    keys.close();
  }
}

async function keyStore(context: CommandContext): Promise<KeyStore> {
  if (context.givenUrl !== null) {
    const { RemoteKeys } = await import("../remote-keys.ts");
    return new RemoteKeys(context.client());
  }
  const { DataDirectoryKeys } = await import("../data-directory-keys.ts");
  return new DataDirectoryKeys(context.dataDir);
}

async function list(
  context: CommandContext,
  keys: KeyStore,
  filter: { org?: string; user?: string },
): Promise<void> {
  const { output } = context;
  const rows: string[][] = [];
  const now = Date.now();
  const timeOf = (at: string | null) => {
    if (at === null) return "–";
    return output.isTerminal ? relativeTime(at, now) : at;
  };
  for await (const key of keys.list(filter)) {
    if (context.json) await output.json(key);
    const { id, name, orgId, userId, role } = key;
    const state = stateOf(key, now);
    const used = timeOf(key.lastUsedAt);
    rows.push([id, name ?? "–", orgId, userId, role, key.scopes.join(","), state, used]);
  }
  if (context.json) return;
  const titles = ["KEY", "NAME", "ORG", "USER", "ROLE", "SCOPES", "STATE", "USED"];
  const columns = titles.map((title) => ({ title, flexible: title === "NAME" }));
  if (rows.length === 0) output.note("no keys");
  else await output.print(...tableLines(columns, rows, output.columns));
}

function stateOf(
  { revokedAt, expiresAt }: { revokedAt: string | null; expiresAt: string | null },
  now: number,
): string {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && Date.parse(expiresAt) <= now ? "expired" : "valid";
}

function scopeList(text: string): string[] {
  const words = text.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !scopes.includes(word));
  if (unknown === undefined) return words;
  throw new InvalidArgumentError(`There is no scope "${unknown}".`);
}

function time(text: string): string {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new InvalidArgumentError("It is no time.");
  return new Date(milliseconds).toISOString();
}
