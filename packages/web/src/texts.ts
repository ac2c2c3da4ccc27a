/**
 * Every English text of the page, by the part that shows it: the one file to translate. A text with
 * something to fill in is a function. No markup, no logic beyond number and person.
 */

/** `1 event`, `2 events`. */
const counted = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

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
} as const;
