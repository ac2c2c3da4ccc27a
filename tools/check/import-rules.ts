/**
 * Who may import whom, as one list: a part of the project on the left, the parts below it on the
 * right. Imports within a part are free; whatever is not listed is forbidden. Tests are free.
 * `check/imports.ts` enforces it; ARCHITECTURE.md tells why.
 */

const server = (...folders: string[]): string[] => folders.map((folder) => `server/${folder}`);
const base = ["protocol", ...server("limits", "ops")];

/** Part → parts it may import. A part is a package, or a folder or root file of the server. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  client: ["protocol"],
  adapters: ["protocol"],
  react: ["protocol", "client"],
  web: ["protocol", "client"],
  "web/testing": ["protocol", "client", "web", "tools", ...server("testing")],
  cli: ["protocol", "client", "adapters", ...server("app", "main", "config", "auth", "ops")],
  conformance: ["protocol", "client"],
  bench: [
    "protocol",
    "client",
    "adapters",
    "tools",
    ...server("app", "config", "store", "live", "threads"),
  ],
  tools: [],
  "server/limits": ["protocol"],
  "server/ops": ["protocol", ...server("limits")],
  "server/config": base,
  "server/store": base,
  "server/live": [...base, ...server("store")],
  "server/auth": base,
  "server/context": [...base, ...server("store", "threads")],
  "server/compaction": [...base, ...server("store", "threads", "context")],
  "server/threads": [...base, ...server("store", "live")],
  "server/http": [
    ...base,
    ...server("config", "auth", "store", "live", "threads", "context", "compaction"),
  ],
  "server/app": [
    ...base,
    ...server("config", "http", "auth", "store", "live", "threads", "context", "compaction"),
  ],
  "server/main": [...base, ...server("app", "config")],
  "server/testing": [
    ...base,
    ...server("app", "config", "http", "auth", "store", "live", "threads", "context", "compaction"),
  ],
};

/** Parts of which another may import the types, and from the pure files named anything. */
export const typesOnly: readonly {
  readonly from: readonly string[];
  readonly to: string;
  readonly free: readonly string[];
}[] = [
  {
    from: server("threads", "live", "context", "compaction", "store"),
    to: "server/auth",
    free: ["packages/server/src/auth/access.ts", "packages/server/src/auth/principal.ts"],
  },
];

/** Implementations of the two seams: beside their own files only `app.ts` and tests name them. */
export const implementations: readonly string[] = [
  "packages/server/src/store/embedded/",
  "packages/server/src/store/postgres/",
  "packages/server/src/live/memory-bus.ts",
  "packages/server/src/live/nats-bus.ts",
  "packages/server/src/live/nats/",
];
