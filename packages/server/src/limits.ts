/**
 * The limits only the server knows, and what happens at each; those a client may rely on stand in
 * the protocol's `limits.ts`. Read by `app.ts` and `http/`.
 */

/** Threads kept ready in memory; past it idle ones are let go, oldest first. */
export const lanesMax = 20_000;

/** Milliseconds an idle connection stays open; past it the server closes it. */
export const keepAliveMs = 72_000;
/** Milliseconds for a request's head; past it 400 and the connection is closed. */
export const headersMs = 30_000;
/** Milliseconds for a request with its body; past it 400 and the connection is closed. */
export const requestMs = 300_000;
/** Characters of one part of a path; a longer one is no path of ours (404). */
export const pathPartCharactersMax = 1_024;
/** Characters of a client's own request id; another one is replaced by the server's. */
export const requestIdCharactersMax = 128;
/** Characters of a filter in a query; longer is 400. */
export const filterCharactersMax = 256;

/** Milliseconds an import may send nothing while it is waited for; past it the connection is cut. */
export const importIdleMs = 60_000;
/** Imports under way at a time, and bytes of new lines committed as they are: `ThreadImports`. */
export const importLimits = { atOnceMax: 4, commitBytesMax: 4 * 1024 * 1024 } as const;

/** Milliseconds requests may take to end while the server stops; past it they are cut off. */
export const closeGraceMs = 10_000;
/** Keys and addresses whose rate is counted; past it the oldest counts are forgotten. */
export const ratedCallersMax = 100_000;
/** Wrong sign-ins a minute: of one address, and of all before an address has one; past it 429. */
export const wrongSignIns = { perAddressMax: 20, max: 1_000 } as const;
/** Bytes of the built page's files, which stay in memory; more keeps the server from starting. */
export const pageFilesBytesMax = 64 * 1024 * 1024;
/** The window a rate limit counts in, in milliseconds. */
export const rateWindowMs = 60_000;
/** Rollouts looked through in one read when one is wanted by its id. */
export const rolloutScanMax = 500;
/** Upper ends of the buckets of the duration histogram, in seconds. */
export const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Open sockets one API key, or one person without a key, may have; the next is closed with 4429. */
export const socketsPerKeyMax = 10_000;

/** Leases: `LeaseWatch` says what each of these is for. */
export const leaseWatchLimits = { tickMs: 500, atOnceMax: 64, turnMs: 4 } as const;

/** Requested compactions: `Compactions` says what each of these is for. Times in milliseconds. */
export const compactionLimits = {
  atOnceMax: 8,
  answerMs: 30_000,
  /** What a model may take, and half a minute more. */
  summaryMs: 330_000,
  retryMs: 1_000,
} as const;

/** Milliseconds a thread that made a summary waits for another; past it it ends. */
export const summaryRestMs = 10_000;
/** Milliseconds one summary may take in all, parts and retries included; past it it fails. */
export const summariserMs = 300_000;
/** What a model's answers and the requests to it are held to; `ModelSummariser` says how. */
export const modelLimits = {
  /** Without a byte of a streamed answer for this long the attempt is given up and repeated. */
  idleMs: 90_000,
  /** Attempts of one request; after the last its problem is the summary's. */
  attemptsMax: 5,
  /** Waits between attempts: doubled from the first, and half of it left to chance. */
  backoffMs: { first: 1_000, max: 30_000 },
  /** Bytes of one answer on the wire; past it the summary fails. */
  answerBytesMax: 64 * 1024 * 1024,
  /** Tokens an Anthropic endpoint is asked for, which wants a number; a summary cut off there fails. */
  answerTokensMax: 4_096,
  /** Characters of transcript in one request; halved, not below the least, when it was too much. */
  budgetCharacters: { first: 240_000, least: 6_000 },
  /** Parts a transcript is summarised in; for more the middle of long texts, then of it, is left out. */
  partsMax: 24,
  /** Requests of one summary under way at once. */
  atOnceMax: 3,
} as const;
