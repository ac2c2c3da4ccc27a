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
