/**
 * Every English text of the page, by the part that shows it: the one file to translate. A text with
 * something to fill in is a function. No markup, no logic beyond number and person.
 */

/** `1 event`, `2 events`. */
const counted = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** `1.2k`, `3.4M`. */
const short = (count: number) =>
  Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 })
    .format(count)
    .replace("K", "k");

/** `12 KB`, `4.8 MB`, of bytes or characters. */
const sized = (count: number) =>
  count < 1_000_000 ? `${Math.ceil(count / 1_000)} KB` : `${(count / 1_000_000).toFixed(1)} MB`;

export const texts = {
  app: { name: "Spool", skipToThread: "Skip to the conversation" },

  start: { wait: "Connecting …", trouble: "The server does not answer yet; trying again." },

  signIn: {
    title: "Sign in to Spool",
    key: "API key",
    hint:
      "It begins with rt_live_ or rt_test_. The server's first start prints one; " +
      "spool keys create makes more. It is not kept in the page.",
    submit: "Sign in",
    pending: "Signing in …",
    ended: "Your sign-in has ended. Sign in again to go on.",
    codeRefused:
      "The link's code was used before or is older than 10 minutes. " +
      "Start the server again for a new link, or sign in with an API key.",
  },

  connection: {
    connecting: "Connecting",
    live: "Live",
    reconnecting: (since: string) => `Reconnecting since ${since}`,
    offline: (since: string) => `Offline since ${since}`,
    signedOut: "Signed out",
  },

  list: {
    title: "Threads",
    untitled: "Untitled thread",
    empty: "No threads yet. Publish one: npx spool publish --watch",
    events: (count: number) => counted(count, "event"),
    loading: "Loading threads …",
    search: "Search threads",
    filters: "Filters",
    status: "Status",
    agent: "Agent",
    any: "Any",
    statuses: { idle: "Idle", running: "Running", compacting: "Compacting" },
    archived: "Archived too",
    all: "Everybody's",
    isArchived: "Archived",
    waiting: (count: number) => `${count.toLocaleString("en")} changed`,
    applyWaiting: "Show the threads in their new order",
    subAgents: (count: number) => counted(count, "sub-agent"),
    busySubAgents: "at work",
    parent: "Sub-agent of another thread",
    older: "Loading older threads …",
    olderFailed: "The older threads could not be read.",
    everything: (count: number) => `${counted(count, "thread")}, no more`,
    failed: "The list could not be read.",
    notLive: "The list does not follow any more.",
    again: "Try again",
    noneFits: "No thread fits.",
    noneFound: "Nothing was found. Every word must occur in the thread, in its title or a message.",
    found: (count: number, isMore: boolean) =>
      isMore ? `More than ${counted(count, "thread")}` : counted(count, "thread"),
    showEvery: "Show every thread",
    owner: (userId: string) => `Owner: ${userId}`,
  },

  thread: {
    none: "Choose a thread",
    loading: "Loading …",
    missing: "There is no such thread, or it is somebody else's.",
    deleted: "This thread was deleted.",
    older: "Loading older events …",
    olderFailed: "Older events could not be read.",
    tryAgain: "Try again",
    conversation: "Conversation",
    newBelow: (count: number) => `${counted(count, "new event")} below`,
    toEnd: "Jump to the end",
  },

  items: {
    copy: "Copy",
    copyCode: "Copy the code",
    copied: "Copied",
    refused: "The browser does not let the page copy",
    showAll: (lines: number, units: number) =>
      lines > 1 || units === 0 ? `Show all ${counted(lines, "line")}` : `Show all ${sized(units)}`,
    showLess: "Show less",
    image: "Image",
    imageAt: "image:",
    noImage: "no image:",
    brokenImage: "its data is damaged",
    showImage: (bytes: number) => `Show the image (${sized(bytes)})`,
    stepDone: "Done",
    stepActive: "Under way",
    stepOpen: "Open",
    fileAction: { add: "new file", update: "", delete: "deleted" },

    user: "User",
    assistant: "Assistant",
    thinking: "Thinking",
    writing: "Writing …",
    tokens: (input: number | null, output: number | null) =>
      [input === null ? "" : `${short(input)} in`, output === null ? "" : `${short(output)} out`]
        .filter((part) => part !== "")
        .join(", "),
    cost: (dollars: number) => `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`,
    otherPart: (type: string) => `Part of type ${type}`,

    toolCall: (name: string) => `Tool call ${name}`,
    unknownTool: "tool",
    running: "running",
    done: "done",
    failed: "failed",
    unanswered: "no result",
    exitCode: (code: number) => `exit ${code}`,
    otherInput: "Further input",
    noOutput: "No output",
    callNotLoaded: "Its call is in an older part of the history",
    subAgent: "Open the sub-agent's thread",
    peek: "What the sub-agent said last",
    peekLoading: "Loading …",
    peekNothing: "It has not said anything yet",

    runStarted: "Run started",
    runResumed: "Run resumed",
    runEnded: {
      completed: "Completed",
      failed: "Failed",
      cancelled: "Cancelled",
      interrupted: "Interrupted",
    },
    runUnknownEnd: "Ended",
    runTook: (duration: string) => `after ${duration}`,
    runReasons: {
      lease_expired: "its publisher went silent",
      cancelled: "somebody cancelled it",
      imported: "it was open when the thread was imported",
      user_interrupt: "the user interrupted it",
      api_error: "the model's API refused",
    },

    compacting: "Compacting …",
    compacted: "Compacted",
    compactionFailed: "Compaction failed",
    compactionTokens: (before: number | null, after: number | null) =>
      `${before === null ? "?" : short(before)} → ${after === null ? "?" : short(after)} tokens`,
    compactionKept: (count: number) => `${counted(count, "item")} kept`,
    olderRollout: "Older rollout",
    noSummary: "No summary was given",

    custom: "Other record",
    showCustom: "Show other records",
    hideCustom: "Hide other records",
    linkTo: (sequence: number) => `Link to event ${sequence}`,
    raw: "Raw",
    rawOf: (sequence: number) => `Show event ${sequence} as it is stored`,
    rawTitle: "As it is stored",
    close: "Close",
  },

  dialogs: { close: "Close", cancel: "Cancel" },

  toasts: { region: "Messages", dismiss: "Dismiss", undo: "Undo", stop: "Stop" },

  actions: {
    menuOf: (title: string) => `Actions for ${title}`,
    rename: "Rename …",
    archive: "Archive",
    unarchive: "Take out of the archive",
    delete: "Delete …",
    cancelRun: "Cancel the run",
    cancelling: "Cancelling the run …",
    compact: "Compact …",
    export: "Export as JSONL",
    copyLink: "Copy link",
    copyId: "Copy thread id",
    isArchived: "Archived",
    archived: (title: string) => `Archived “${title}”.`,
    unarchived: (title: string) => `“${title}” is out of the archive.`,
    renamed: "Renamed.",
    deleted: (title: string) => `Deleted “${title}”.`,
    runCancelled: "The run was cancelled.",
    copied: "Copied.",
    copyByHand: "This browser lets no page copy here. Copy it by hand:",
    exporting: (size: string) => `Exporting: ${size} so far`,
    exported: (size: string) => `Exported ${size}.`,
    stopped: "The export was stopped.",
    exportBroken: "The connection broke off during the export; nothing was saved. Try again.",
  },

  rename: {
    title: "Rename the thread",
    label: "Title",
    hint: "Up to 200 characters. Without a title the thread takes one from its next user message.",
    tooLong: (count: number) => `${counted(count, "character")}: at most 200 fit.`,
    submit: "Rename",
    pending: "Renaming …",
  },

  deletion: {
    title: "Delete this thread?",
    warning: (count: number) =>
      `${counted(count, "event")} and every rollout will be gone for good, and its id is never used again.`,
    evenRunning: "Delete although a run is active",
    evenCompacting: "Delete although a compaction is under way",
    submit: "Delete",
    pending: "Deleting …",
  },

  compaction: {
    title: "Compact the thread",
    intro:
      "A summary closes the current rollout and opens the next one, which begins with it. " +
      "Nothing is lost: the closed rollout stays readable.",
    instructions: "Instructions for the summary (optional)",
    instructionsHint: "What it must keep: decisions, file names, open questions.",
    keepLast: "Newest turns to keep word for word",
    keepLastHint: "0 to 100",
    submit: "Compact",
    pending: "Compacting …",
    pendingHint: "You may close this; the compaction goes on and its end is reported.",
    completed: "Compacted: a new rollout has begun.",
    running: "The compaction is still going on. Its end will show in the conversation.",
    skipped: "Nothing to compact: there is no message since the last compaction.",
  },

  rollouts: {
    menu: "Rollouts",
    loading: "Loading …",
    current: "Current rollout",
    older: (index: number) => `Rollout ${index + 1}`,
    facts: (count: number, from: string) => `${counted(count, "event")}, from ${from}`,
  },

  account: {
    menu: (user: string) => `Account: ${user}`,
    roles: { member: "Member", admin: "Admin" },
    signIns: "Sign-ins …",
    shortcuts: "Keyboard shortcuts",
    signOut: "Sign out",
    signInsTitle: "Where you are signed in",
    signInsHint: "A sign-in lasts seven days, and ends with the key it was made with.",
    noSignIns: "Your identity provider keeps your sign-ins.",
    current: "This browser",
    unknownBrowser: "Unknown browser",
    since: (since: string) => `since ${since}`,
    used: (last: string) => `last used ${last}`,
    end: "End",
    endOf: (browser: string) => `End the sign-in of ${browser}`,
    ending: "Ending …",
  },

  shortcuts: {
    title: "Keyboard shortcuts",
    anywhere: "Anywhere",
    inList: "On a thread of the list",
    inThread: "In the open thread",
    help: "Show this list",
    undo: "Undo what was just archived",
    open: "Open it and go to the conversation",
    rename: "Rename",
    archive: "Archive, or take out of the archive",
    delete: "Delete",
    back: "Back to the list",
  },

  metadataOnly: {
    title: "Only the owner sees the conversation",
    statement: (owner: string) =>
      `This thread belongs to ${owner}. As an admin you see what stands below and may rename, ` +
      "archive, delete and cancel. Its messages, tool calls and rollouts are not yours to see.",
    owner: "Owner",
    agent: "Agent",
    status: "Status",
    run: "Active run",
    mode: "Runs",
    parent: "Works for",
    events: "Events",
    created: "Created",
    updated: "Last event",
    archived: "Archived",
    id: "Thread id",
    metadata: "Metadata",
  },

  announcer: {
    roles: { user: "User", assistant: "Assistant" },
    message: (who: string, text: string) => `${who}: ${text}`,
    more: (count: number, last: string) => `${counted(count, "new message")}. The last: ${last}`,
    runEnded: {
      completed: "The run is complete.",
      other: (how: string) => `The run ended: ${how}.`,
    },
    noText: "a message without text",
  },

  pageTitle: { running: "●" },

  /** Why an action was refused, and what to do: one text per code. */
  refusals: {
    INVALID_REQUEST: (message: string) => `The server did not take this: ${message}`,
    INVALID_FRAME: (message: string) => `The server did not take this: ${message}`,
    INVALID_CURSOR: "The list has changed meanwhile. Load the page again.",
    AMBIGUOUS_CREDENTIALS: "More than one credential was sent. Sign out and in again.",
    TRANSIENT_NOT_ALLOWED: "Live text cannot be stored this way.",
    UNAUTHENTICATED: "Nobody is signed in. Sign in again.",
    INVALID_CREDENTIALS: "Your sign-in has ended. Sign in again to go on.",
    INSUFFICIENT_SCOPE: (required: string) =>
      `Your key may not do this: it lacks ${required}. Sign in with a key that has it.`,
    CONTENT_FORBIDDEN: "The thread is somebody else's: its content is not yours to see.",
    NOT_OWNER: "Only the thread's owner may do this.",
    ADMIN_REQUIRED: "Only an admin may do this.",
    INTERNAL_AUTH_REFUSED: "Something between this page and the server adds internal headers.",
    THREAD_NOT_FOUND: "The thread is not there any more, or is somebody else's.",
    ROLLOUT_NOT_FOUND: "The rollout is not there any more.",
    NOT_FOUND: "This is not there any more.",
    METHOD_NOT_ALLOWED: "This server does not know the action; it may be an older one.",
    busyRun: (run: string, since: string, until: string | null) =>
      `A run (${run}) has been active since ${since}${
        until === null ? "" : ` and holds the thread until ${until} unless it goes on`
      }. Wait for it to end, or cancel it.`,
    busyCompaction: (since: string) =>
      `A compaction has been under way since ${since}. Wait for it to end.`,
    RUN_FENCED: "The server has ended this run.",
    RUN_NOT_ACTIVE: "No run is active any more.",
    ROLLOUT_NOT_ACTIVE: "A new rollout has begun meanwhile. Try again.",
    OUT_OF_ORDER: "Something was sent out of order. Try again.",
    THREAD_ID_TAKEN: "The id is taken in this org.",
    THREAD_DELETED: "The thread was deleted.",
    BODY_TOO_LARGE: "This is too long for the server.",
    UNSUPPORTED_MEDIA_TYPE: "Something between this page and the server changes requests.",
    RATE_LIMITED: (seconds: number | null) =>
      `Too many requests. Try again ${seconds === null ? "in a minute" : `in ${counted(seconds, "second")}`}.`,
    INTERNAL: (requestId: string | null) =>
      `The server failed${requestId === null ? "" : ` (request ${requestId})`}. Try again.`,
    SUMMARISER_FAILED: (message: string) =>
      `No summary could be made, so the thread stays as it was. ${message}`,
    STORAGE_UNAVAILABLE:
      "The server cannot write at present; nothing was changed. Try again later.",
    OVERLOADED: "The server has too much to do. Try again in a moment.",
    SLOW_WATCHER: "The connection is too slow to follow.",
    SHUTDOWN: "The server is shutting down. Try again in a moment.",
    NO_ANSWER: "The server did not answer; the action may or may not have been carried out.",
    INVALID_ANSWER: "What answered is not Spool. Check the address or the proxy in between.",
    unknown: (message: string) => `It was refused: ${message}`,
  },
} as const;
