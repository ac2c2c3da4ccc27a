/**
 * The limits that are part of the contract: a client may rely on each of them. Limits that only
 * the server knows (queues, batches, timers) stand in the server's own `limits.ts`.
 */

/** Bytes of one request body or socket frame (WIRE6). */
export const bodyBytesMax = 8 * 1024 * 1024;
/** Bytes of a refused body the server still reads so that the answer is seen (WIRE6). */
export const refusedBodyBytesMax = 64 * 1024 * 1024;
/** Bytes of an import, and of one of its lines (MOVE2). */
export const importBytesMax = 2 * 1024 * 1024 * 1024;
export const importLineBytesMax = 8 * 1024 * 1024;
/** Runs and rollouts in one import. */
export const importPartsMax = 500_000;
/** Bytes after which a page of events ends early, never before its first row (PAGE2). */
export const pageBytesMax = 8 * 1024 * 1024;
/** Frames in one published batch (PUB2). */
export const batchFramesMax = 1_000;
/** Default and highest `limit` of an events page (REST4). */
export const eventsPage = { default: 200, max: 500 } as const;
/** Default and highest `limit` of a list of threads, rollouts, runs or keys (REST1). */
export const listPage = { default: 50, max: 100 } as const;
/** Characters of a search, and the words it may ask for (FIND8). */
export const searchCharactersMax = 256;
export const searchWordsMax = 32;
/** Events in one snapshot on the live stream (LIVE2). */
export const snapshotEventsMax = 5_000;
/** Characters of a title that a person sets, and of one taken from a message (THR3, THR4). */
export const titleCharactersMax = 200;
export const derivedTitleCharactersMax = 80;
/** Bytes of a thread's metadata as JSON text (REST8). */
export const metadataBytesMax = 16 * 1024;
/** Levels of arrays and objects inside a payload or metadata (WIRE8). */
export const jsonDepthMax = 128;
/** Seconds a session token may live, least and most, and by default (AUTH9). */
export const sessionTokenSeconds = { min: 60, max: 3_600, default: 900 } as const;
/** Seconds a sign-in lasts (AUTH20), and a one-time code for one (AUTH22). */
export const signInSeconds = 7 * 24 * 3_600;
export const signInCodeSeconds = 600;
/** Sign-ins one person may have; past it the oldest ends (AUTH25). */
export const signInsMax = 100;
/** Seconds a run's lease may last, least and most, and by default (RUN10). */
export const leaseSeconds = { min: 10, max: 86_400, default: 900 } as const;
/** Run-less user messages whose `messageId` the thread remembers (PUB11). */
export const runlessMessageIdsMax = 1_000;
/** Finished messages, and calls, a run remembers for late transient frames (PUB16). */
export const finishedIdsMax = 1_000;
/** Characters of a summary that comes with a request for compaction, and of its instructions. */
export const summaryCharactersMax = 262_144;
export const compactInstructionsCharactersMax = 16_384;
/** Whole turns a compaction may keep (ROL12). */
export const keepLastMax = 100;
