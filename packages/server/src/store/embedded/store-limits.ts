/** Every limit of the embedded store in one place, with what happens beyond it. */

export const storeLimits = {
  /** A segment longer than this is sealed; its content moves to the rollout files. */
  segmentBytes: 32 * 1024 * 1024,
  /** Zeros written ahead, so that a flush does not change the file's size (and costs less). */
  allocateBytes: 1024 * 1024,
  /** A batch takes no further commit once it is this long; a single longer one goes alone. */
  batchBytesMax: 4 * 1024 * 1024,
  /** Waiting commits beyond either of these are answered OVERLOADED (LOG21). */
  waitingBytesMax: 64 * 1024 * 1024,
  waitingMsMax: 5_000,
  /** Sealed segments not yet in the rollout files; beyond it appends wait. */
  sealedSegmentsMax: 8,
  /** Sealed segments that are worked off together; a reader's lines stay in memory meanwhile. */
  checkpointSegments: 4,
  /** A segment with content is sealed after this time at the latest (DEL6: within 60 s). */
  checkpointIntervalMs: 20_000,
  /** Milliseconds that work behind the flushes takes of one turn of the event loop. */
  turnMs: 4,
  /** Changed rows go to the view this long after a flush; until then they are read from memory. */
  viewIntervalMs: 200,
  /** Threads whose rows are handed to the view at once: a message is copied in one turn. */
  viewThreadsAtOnce: 200,
  /** Changed threads are indexed for search this long after a flush (FIND6: within 2 s). */
  searchIntervalMs: 300,
  /** Lines of events handed to the search index at once, and threads they are of. */
  searchBytes: 2 * 1024 * 1024,
  searchThreads: 1_000,
  /** Flushed lines kept for the search index; those beyond it are read from where they are. */
  searchHeldBytes: 64 * 1024 * 1024,
  /** Texts of a word read at first; of one in fewer all threads are known, else they are asked. */
  searchProbedTexts: 500,
  /** Words that are together in at most so many threads are answered from those alone. */
  searchRareThreads: 1_000,
  /** Threads asked for a word in one piece, and walked in one where the word's are all known. */
  searchAskedThreads: 128,
  searchWalkedThreads: 512,
  /** Where fewer than one in so many holds the words, all threads of each word are read instead. */
  searchHitsOneIn: 8,
  /** Between two attempts to write again after a full disk (LOG13). */
  retryMs: 1_000,
  /** Bytes of one rollout that a checkpoint writes at a time: they are indexed in one turn. */
  checkpointBytes: 8 * 1024 * 1024,
  /** Rollout files written at a time by a checkpoint, so that a flush never waits behind many. */
  checkpointWriters: 2,
  /** A block of a rollout is at most this long, unless one line alone is longer. */
  blockBytes: 64 * 1024,
  /** Read from a rollout file at once; a larger block is read whole. */
  readBytes: 1024 * 1024,
  /** Of a staged history: written at a time, and at most unsynced, so that no flush waits long. */
  stageWriteBytes: 256 * 1024,
  stageSyncBytes: 8 * 1024 * 1024,
  /** Rows of an imported history that go to the tables at a time. */
  importedRowsPerWrite: 2_000,
  /** Rollout indexes kept parsed in memory. */
  indexesMax: 2_000,
} as const;

/** The limits with any numbers: bytes, milliseconds or counts, as each is named. */
export type StoreLimits = { readonly [K in keyof typeof storeLimits]: number };
