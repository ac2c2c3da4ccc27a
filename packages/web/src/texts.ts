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
    noSearch: "Search is not available on this server.",
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
    exitCode: (code: number) => `exit ${code}`,
    input: "Input",
    output: "Output",
    otherInput: "Further input",
    noOutput: "No output",
    earlierOutput: "Earlier output is shown when the tool is done",
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
    linkTo: (sequence: number) => `Link to event ${sequence}`,
    raw: "Raw",
    rawOf: (sequence: number) => `Show event ${sequence} as it is stored`,
    rawTitle: "As it is stored",
    close: "Close",
  },
} as const;
