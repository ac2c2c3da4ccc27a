/** What is left of a conversation that must fit, and how tokens are estimated. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { randomEvents } from "../testing/random-history.ts";
import { assistant, call, compacted, result, talk, user } from "../testing/source-events.ts";
import { isCall } from "./content.ts";
import { conversationOf } from "./conversation.ts";
import { fitTokens } from "./fit-tokens.ts";
import { historyOf } from "./history.ts";
import { tokensOf, tokensOfMessage } from "./token-estimate.ts";

/** 100 tokens as a message of its own. */
const hundred = "x".repeat(384);
const words = (turns: ReturnType<typeof talk>["turns"]) =>
  turns.map((turn) => turn.map(({ parts }) => Object(parts[0]).text?.slice(0, 4)));

test("CTX8 four units are a token, a message adds 4, an image is 1,600", () => {
  assert.equal(tokensOf(talk(user("12345"))), 6);
  assert.equal(tokensOf(talk(user(hundred), assistant(hundred))), 200);
  const data = "A".repeat(100_000);
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data } };
  assert.equal(tokensOf(talk(user([image]))), 1_604);
  assert.equal(tokensOf(talk(call("a", "t", {}), result("a", [image]))), 4 + 8 + 1 + 1 + 1_600);
  assert.equal(tokensOf(talk(compacted({ summary: hundred }))), 100);
});

test("CTX8 the oldest turns go whole, the summary stays", () => {
  const conversation = talk(
    compacted({ summary: hundred }),
    ...[user(`old ${hundred}`.slice(0, 384)), assistant(hundred)],
    ...[user(`mid ${hundred}`.slice(0, 384)), assistant(hundred)],
    ...[user(`new ${hundred}`.slice(0, 384)), assistant(hundred)],
  );
  assert.deepEqual(fitTokens(conversation, 700), { conversation, truncated: false });
  for (const [tokensMax, left] of [
    [699, ["mid ", "new "]],
    [500, ["mid ", "new "]],
    [499, ["new "]],
    [300, ["new "]],
  ] as const) {
    const { conversation: fitted, truncated } = fitTokens(conversation, tokensMax);
    assert.deepEqual(
      words(fitted.turns).map(([first]) => first),
      left,
      String(tokensMax),
    );
    assert.equal(fitted.summary, hundred);
    assert.equal(truncated, true);
  }
});

test("CTX8 of a newest turn that is too large the oldest messages go, calls keep their results", () => {
  const conversation = talk(
    user("the question"),
    ...[1, 2, 3, 4].flatMap((number) => [
      call(`c${number}`, "t", { hundred }),
      result(`c${number}`, hundred),
    ]),
    assistant("the last word"),
  );
  const { conversation: fitted } = fitTokens(conversation, 450);
  const [turn] = fitted.turns;
  const calls = turn?.flatMap(({ parts }) => parts.filter(isCall)) ?? [];
  assert.deepEqual(
    calls.map(({ toolCallId, result }) => [toolCallId, result?.output === hundred]),
    [
      ["c3", true],
      ["c4", true],
    ],
  );
  assert.deepEqual([turn?.[0]?.role, turn?.length], ["user", 4]);
  assert.ok(tokensOf(fitted) <= 450);
});

test("CTX8 a newest message that is too large alone is shortened in its middle", () => {
  const output = `begin ${"😀".repeat(20_000)} end`;
  const conversation = talk(user("go"), call("a", "t", { path: "x" }), result("a", output));
  const { conversation: fitted } = fitTokens(conversation, 200);
  const part = fitted.turns.at(-1)?.at(-1)?.parts[0];
  const text = String(part !== undefined && isCall(part) ? part.result?.output : "");
  assert.match(text, /^begin 😀+\n… 40010 characters, the middle left out …\n😀+ end$/u);
  assert.ok(text.isWellFormed());
  assert.ok(tokensOf(fitted) <= 200);
  const many = Array.from({ length: 5_000 }, (_, index) => ({ index }));
  const bare = fitTokens(talk(user("go"), call("a", "t", { many }), result("a", many)), 100);
  assert.ok(tokensOf(bare.conversation) <= 100);
});

test("CTX8 whatever the history and the limit, it fits, ends with the newest, and begins no earlier", () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const tokensMax = 100 + ((seed * 37) % 900);
    const { conversation: fitted, truncated } = fitTokens(conversation, tokensMax);
    const bare = tokensOf({ summary: conversation.summary, turns: [] });
    assert.equal(fitted.summary, conversation.summary);
    assert.equal(truncated, tokensOf(conversation) > tokensMax || bare + 16 > tokensMax, `${seed}`);
    // Images have a fixed size, which nothing shortens.
    const newest = conversation.turns.at(-1)?.at(-1);
    const isImage = (value: unknown) => JSON.stringify(value).includes('"image');
    if (bare + 100 <= tokensMax && newest !== undefined && !isImage(newest)) {
      assert.ok(tokensOf(fitted) <= tokensMax, `seed ${seed}: ${tokensOf(fitted)} > ${tokensMax}`);
    }
    if (newest === undefined) continue;
    const last = fitted.turns.at(-1)?.at(-1);
    assert.deepEqual([last?.role, last?.sequence], [newest.role, newest.sequence], `seed ${seed}`);
    assert.ok(tokensOfMessage(last as NonNullable<typeof last>) <= tokensOfMessage(newest));
  }
});
