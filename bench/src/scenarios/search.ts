/**
 * Search among many threads: a rare word, one in half of all threads, a beginning, two words; and
 * how far the index is behind a load without a pause.
 */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

/** What is searched for, and in how many threads it stands. */
const searches = [
  { name: "rare word", q: "zebrafish", note: "in 1 of 5,000 threads" },
  { name: "common word", q: "deployment", note: "in every other thread" },
  { name: "beginning of a word", q: "dep", note: "as typed, in every other thread" },
  { name: "two words", q: "deployment zebrafish", note: "both anywhere in the thread" },
  { name: "word in 1 of 20 threads", q: "quarterly", note: "neither rare nor common" },
] as const;

/** Makes `threads` threads with a question and an answer each, then searches, walking pages. */
export async function measureSearch(
  server: ServerProcess,
  { threads, seconds }: { threads: number; seconds: number },
): Promise<Figure[]> {
  await makeThreads(server, threads);
  const indexedMs = await waitUntilIndexed(server);
  const figures: Figure[] = [];
  for (const { name, q, note } of searches) {
    const first = `/v1/threads?limit=50&q=${encodeURIComponent(q)}`;
    let path = first;
    const { latencies } = await drive({
      port: server.port,
      connections: 1,
      seconds,
      next: () => rawRequest("GET", path, { key: server.key }),
      onAnswer: ({ body }) => {
        const { nextCursor } = JSON.parse(body.toString()).meta;
        path = nextCursor === null ? first : `/v1/threads?limit=50&cursor=${nextCursor}`;
      },
    });
    figures.push({
      name: `search, ${name}`,
      value: latencies.quantile(0.5),
      unit: "ms",
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      goal: { kind: "atMost", value: 10 },
      note: `${note}; ${threads.toLocaleString("en-US")} threads, pages of 50, walking`,
    });
  }
  const lag = `behind the last of ${threads.toLocaleString("en-US")} threads made without a pause`;
  const noGoal = { p50Ms: null, p99Ms: null, goal: null };
  figures.push({ name: "search index", value: indexedMs, unit: "ms", note: lag, ...noGoal });
  return figures;
}

async function makeThreads(server: ServerProcess, threads: number): Promise<void> {
  const words = wordMaker();
  let made = 0;
  await drive({
    port: server.port,
    connections: 64,
    seconds: 900,
    next: () => {
      if (made >= threads) return null;
      made += 1;
      const body = JSON.stringify({
        threadId: `thr_search-${made}`,
        runId: `run_search-${made}`,
        events: [
          { type: "run_started", payload: {} },
          { type: "user_message", payload: { content: `${words(12)} ${markOf(made)}` } },
          { type: "assistant_message", payload: { content: words(50) } },
          { type: "run_completed", payload: { status: "completed" } },
        ],
      });
      return rawRequest("POST", "/v1/thread-events", { key: server.key, body });
    },
  });
  const connection = await RawConnection.connect(server.port);
  const body = JSON.stringify({ title: "lastly" });
  await connection.send(rawRequest("POST", "/v1/threads", { key: server.key, body }));
  connection.close();
}

function markOf(made: number): string {
  const marks = [];
  if (made % 2 === 0) marks.push("deployment");
  if (made % 20 === 3) marks.push("quarterly");
  if (made % 5_000 === 2) marks.push("zebrafish");
  return marks.join(" ");
}

/** Text of words of which few are common and most are rare, the same in every run. */
function wordMaker(): (count: number) => string {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const syllables = ["ba", "ke", "lo", "mi", "nu", "ra", "so", "ti", "va", "ze"];
  const vocabulary = Array.from({ length: 20_000 }, (_, at) =>
    [...String(at + 10)].map((digit) => syllables[Number(digit)]).join(""),
  );
  const word = () => vocabulary[Math.floor(vocabulary.length * random() ** 3)] as string;
  return (count) => Array.from({ length: count }, word).join(" ");
}

/** Milliseconds until the thread made last is found. */
async function waitUntilIndexed(server: ServerProcess): Promise<number> {
  const startedAt = performance.now();
  const connection = await RawConnection.connect(server.port);
  try {
    while (performance.now() - startedAt < 900_000) {
      const request = rawRequest("GET", "/v1/threads?q=lastly", { key: server.key });
      const answer = await connection.send(request);
      if (JSON.parse(answer.body.toString()).data.threads.length > 0) {
        return performance.now() - startedAt;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("the index did not get there within 15 minutes");
  } finally {
    connection.close();
  }
}
