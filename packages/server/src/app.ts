/**
 * The whole server, put together: the only file that names implementations. `startApp` opens what
 * is needed in order, listens first and serves when all of it is there; `close` undoes it in the
 * opposite order, so that what was accepted is flushed and answered (CFG14). Called by `main.ts`
 * and by tests.
 */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Accounts, newAdminCode, openAccounts } from "./app/open-accounts.ts";
import { Opened } from "./app/opened.ts";
import { startCommands, watchLeases } from "./app/start-commands.ts";
import { isCredentialLive } from "./auth/authenticate.ts";
import { createCursorCodec } from "./auth/cursor-codec.ts";
import { createInternalCheck } from "./auth/internal-service.ts";
import { Compactions } from "./compaction/compactions.ts";
import { ModelCounters } from "./compaction/model-counters.ts";
import { summaryMaker } from "./compaction/summary-thread.ts";
import type { Config } from "./config.ts";
import { ContextReader } from "./context/context-reader.ts";
import { accountRoutes } from "./http/account-routes.ts";
import { callerOf, rateExceeded } from "./http/admission.ts";
import { compactionRoutes } from "./http/compaction-routes.ts";
import { contextRoutes } from "./http/context-routes.ts";
import { createCors } from "./http/cors.ts";
import { historyRoutes } from "./http/history-routes.ts";
import { createHandler } from "./http/http-server.ts";
import { importRoutes } from "./http/import-routes.ts";
import { internalRoutes } from "./http/internal-routes.ts";
import { type Listener, listen, urlOf } from "./http/listener.ts";
import { opsRoutes } from "./http/ops-routes.ts";
import { createOwnOrigin, type OwnOrigin } from "./http/own-origin.ts";
import { type PageFiles, readPageFiles } from "./http/page-files.ts";
import { pageRoutes } from "./http/page-routes.ts";
import { publishRoutes } from "./http/publish-routes.ts";
import { RateLimiter } from "./http/rate-limiter.ts";
import { refusalOf } from "./http/refusals.ts";
import { runRoutes } from "./http/run-routes.ts";
import { SignInAttempts } from "./http/sign-in-attempts.ts";
import { signInRoutes } from "./http/sign-in-routes.ts";
import { threadRoutes } from "./http/thread-routes.ts";
import { createUpgradeGate } from "./http/upgrades.ts";
import {
  compactionLimits,
  socketsPerKeyMax as defaultSocketsPerKeyMax,
  importLimits,
  summaryRestMs,
} from "./limits.ts";
import { attachLive, type LiveServer } from "./live/live-server.ts";
import { MemoryBus } from "./live/memory-bus.ts";
import { keepAdminKey } from "./ops/admin-key.ts";
import { createLog, type Log } from "./ops/log.ts";
import { createMetrics } from "./ops/metrics.ts";
import { createIdMaker } from "./ops/new-id.ts";
import { RequestCounters } from "./ops/request-counters.ts";
import { openEmbeddedStore } from "./store/embedded/open-embedded-store.ts";
import type { ThreadStore } from "./store/thread-store.ts";
import { PageCursors } from "./threads/page-cursors.ts";
import { threadNotFound } from "./threads/refusals.ts";
import { threadView } from "./threads/resource-view.ts";
import { abandonCompactions } from "./threads/start-chores.ts";
import type { ThreadCommands } from "./threads/thread-commands.ts";
import { ThreadEdits } from "./threads/thread-edits.ts";
import { ThreadImports } from "./threads/thread-imports.ts";
import { ThreadReads } from "./threads/thread-reads.ts";

/** A running server. */
export type App = {
  /** Its address as a client on this machine reaches it. */
  readonly url: string;
  /** The first admin's key, on the data directory's first start only. */
  readonly adminKey: string | null;
  /** A one-time code for the key in admin.key; null without the file or when its key is gone. */
  readonly newSignInCode: () => string | null;
  /** Stops: sockets close with 1001, requests finish, the store is flushed and let go. */
  readonly close: () => Promise<void>;
};

const now = Date.now;
/** For waits and intervals: the wall clock may jump, this one does not. */
const monotonic = () => performance.now();

/** What a server may be started with besides its configuration. */
export type AppOptions = {
  /** By default one on standard error. */
  readonly log?: Log;
  /** By default that of `limits.ts`. */
  readonly socketsPerKeyMax?: number;
  /** The wall clock of keys, tokens and sign-ins, in milliseconds; the machine's by default. */
  readonly accountsNow?: () => number;
  /** Where the built page is; by default that of the checkout. */
  readonly pageDir?: string;
};

const defaultPageDir = fileURLToPath(new URL("../../web/dist", import.meta.url));

/** Starts a server. Rejects when the address or the data directory cannot be had. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const { log = createLog(config.logLevel), socketsPerKeyMax = defaultSocketsPerKeyMax } = options;
  const { accountsNow = now, pageDir = defaultPageDir } = options;
  const opened = new Opened();
  try {
    const listener = await listen(config);
    opened.onClose(listener.close);
    const dataDir = resolve(config.dataDir);
    const flushes = { batches: 0, commits: 0 };
    const store = await openEmbeddedStore({
      dataDir,
      now: monotonic,
      log: (line) => log.info({}, line),
      observe: {
        flushed: (commits) => {
          flushes.batches += 1;
          flushes.commits += commits;
        },
      },
    });
    opened.onClose(() => store.close());
    const shared = { dataDir, log, opened, now: accountsNow, randomBytes };
    const accounts = await openAccounts(config, shared);
    const adminKey = accounts.keys.ensureFirstAdmin((secret) => keepAdminKey(dataDir, secret));
    const pageFiles = await readPageFiles(pageDir);
    const limits = { flushes, socketsPerKeyMax };
    await serve({ config, log, opened, listener, store, accounts, pageFiles, ...limits });
    return {
      url: urlOf(listener.address),
      adminKey,
      newSignInCode: () => newAdminCode(accounts, dataDir),
      close: () => opened.close(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

type Parts = {
  readonly config: Config;
  readonly log: Log;
  readonly opened: Opened;
  readonly listener: Listener;
  readonly store: ThreadStore;
  readonly accounts: Accounts;
  readonly pageFiles: PageFiles | null;
  readonly flushes: { batches: number; commits: number };
  readonly socketsPerKeyMax: number;
};

/** Puts routes and live streams in front of the store and begins to answer. */
async function serve(parts: Parts): Promise<void> {
  const { config, log, opened, listener, store, accounts } = parts;
  const { authenticate } = accounts;
  const bus = new MemoryBus();
  const cursors = new PageCursors(createCursorCodec(accounts.db.cursorSecret));
  const limit = config.rateLimit;
  const rateLimiter = limit === 0 ? null : new RateLimiter({ limit, now: monotonic });
  const newId = createIdMaker({ now, randomBytes });
  const background = { store, log, now, monotonic };
  const { commands, leases } = startCommands(background, { bus, newId });
  opened.onClose(() => leases.close());
  await abandonCompactions({ store, commands });
  void watchLeases(background, leases);
  const edits = new ThreadEdits({
    store,
    commands,
    audit: accounts.audit,
    newThreadId: () => newId("thr"),
    newRunId: () => newId("run"),
  });
  const modelCounters = new ModelCounters();
  const compactions = new Compactions({
    store,
    commands,
    audit: accounts.audit,
    makeSummary: summaryMaker({
      ...{ store, settings: modelOf(config), counters: modelCounters },
      restMs: summaryRestMs,
    }),
    onError: (error) => log.error({ err: error }, "a summary failed"),
    ...compactionLimits,
  });
  const live = goLive(parts, { bus, cursors, rateLimiter, edits });
  const counters = new RequestCounters();
  const isClosing = () => opened.isClosing;
  const ownOrigin = createOwnOrigin(config.publicUrl);
  const handler = await createHandler(listener.server, {
    routes: [
      ...routesOf(parts, {
        bus,
        cursors,
        counters,
        live,
        commands,
        edits,
        compactions,
        modelCounters,
        ownOrigin,
      }),
      ...pageRoutes({ files: parts.pageFiles, ownOrigin }),
    ],
    authenticate,
    rateLimiter,
    ownOrigin,
    internal: config.internalToken === null ? null : createInternalCheck(config.internalToken),
    cors: createCors(config.corsOrigins),
    trustProxy: config.trustProxy,
    counters,
    log,
    isClosing,
  });
  listener.serve(handler);
  // Before anything that requests under way still need.
  opened.onClose(async () => {
    await Promise.all([listener.close(), live.close(), compactions.close()]);
  });
}

function goLive(
  { config, log, listener, store, accounts, socketsPerKeyMax }: Parts,
  shared: {
    readonly bus: MemoryBus;
    readonly cursors: PageCursors;
    readonly rateLimiter: RateLimiter | null;
    readonly edits: ThreadEdits;
  },
): LiveServer {
  const { authenticate, audit } = accounts;
  const { rateLimiter, edits } = shared;
  const gate = createUpgradeGate({ authenticate, rateLimiter, log });
  return attachLive(listener.server, {
    store,
    bus: shared.bus,
    authenticate: async (request) => {
      return { principal: await gate.authenticate(request), requestId: gate.requestIdOf(request) };
    },
    refuse: gate.refuse,
    refusalOf: (error) => {
      const refusal = refusalOf(error);
      if (refusal.code === "INTERNAL") log.error({ err: refusal.cause }, "a message failed");
      return refusal;
    },
    takeRate: (principal) => {
      const rate = rateLimiter?.take(callerOf(principal));
      if (rate?.isExceeded) throw rateExceeded(rate);
    },
    publish: (caller, request) => edits.publish(caller, request),
    isLive: (principal) => isCredentialLive(principal, accounts, accounts.now()),
    threadView,
    olderCursor: (principal, { threadId }, { rolloutId, sequence }) => {
      const cursor = { threadId, rolloutId, order: "desc", type: null, from: sequence };
      return shared.cursors.seal("events", principal, cursor);
    },
    audit,
    notFound: threadNotFound,
    socketsPerKeyMax,
    onError: (error) => log.error({ err: error }, "a live stream failed"),
    // The bus of one process loses nothing.
    healMs: null,
    heartbeatSeconds: config.heartbeatSeconds,
    now: monotonic,
  });
}

function routesOf(
  { config, opened, store, accounts, flushes }: Parts,
  shared: {
    readonly bus: MemoryBus;
    readonly cursors: PageCursors;
    readonly counters: RequestCounters;
    readonly live: LiveServer;
    readonly commands: ThreadCommands;
    readonly edits: ThreadEdits;
    readonly compactions: Compactions;
    readonly modelCounters: ModelCounters;
    readonly ownOrigin: OwnOrigin;
  },
) {
  const { bus, cursors, counters, live, commands, edits } = shared;
  const { keys, tokens, signIns, codes, audit } = accounts;
  const leaseExpiresAt = commands.leaseExpiresAt.bind(commands);
  const reads = new ThreadReads({ store, bus, cursors, audit, leaseExpiresAt });
  const routes = [
    ...publishRoutes(edits),
    ...runRoutes(edits),
    ...(config.internalToken === null ? [] : internalRoutes(edits)),
    ...threadRoutes({ reads, edits }),
    ...historyRoutes(reads, live.openEvents),
    ...importRoutes(new ThreadImports({ store, commands, now, ...importLimits })),
    ...compactionRoutes(shared.compactions),
    ...contextRoutes(new ContextReader({ store, audit })),
    ...accountRoutes({ keys, tokens, signIns, cursors }),
    ...signInRoutes({
      ...{ keys, signIns, codes, ownOrigin: shared.ownOrigin },
      attempts: new SignInAttempts(accounts.now),
    }),
  ];
  const metrics = createMetrics({
    counters,
    figures: [...figuresOf({ live, store, flushes }), ...shared.modelCounters.figures()],
  });
  const { publicUrl } = config;
  const ops = {
    isClosing: () => opened.isClosing,
    health: () => store.health(),
    metrics,
    publicUrl,
  };
  return [...routes, ...opsRoutes(ops, routes)];
}

function modelOf({ summariserUrl, summariserModel, summariserApiKey }: Config) {
  if (summariserUrl === null || summariserModel === null) return null;
  return { url: summariserUrl, model: summariserModel, apiKey: summariserApiKey };
}

function figuresOf({
  live,
  store,
  flushes,
}: Pick<Parts, "store" | "flushes"> & { readonly live: LiveServer }) {
  return [
    {
      name: "spool_search_filling",
      help: "1 while the search index lacks what was there before; searches may miss some",
      type: "gauge" as const,
      read: () => (store.health().search === "filling" ? 1 : 0),
    },
    {
      name: "spool_open_sockets",
      help: "WebSockets that are open",
      type: "gauge" as const,
      read: () => live.sockets(),
    },
    {
      name: "spool_flushes_total",
      help: "Flushes of the commit log to stable storage",
      type: "counter" as const,
      read: () => flushes.batches,
    },
    {
      name: "spool_flushed_commits_total",
      help: "Commits those flushes made durable",
      type: "counter" as const,
      read: () => flushes.commits,
    },
  ];
}
