/**
 * Whoever catches an error throws, uses it, or explains; anything else is found.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCatches } from "./catches.ts";
import { findingsOf } from "./testing/findings-of.ts";

const path = "packages/server/src/a.ts";

async function linesFound(text: string): Promise<number[]> {
  return (await findingsOf(checkCatches, { [path]: text })).map((one) =>
    Number(one.split(":")[1]?.split(" ")[0]),
  );
}

test("a catch that drops the error without a word is found", async () => {
  assert.deepEqual(await linesFound("try {\n  go();\n} catch {}\n"), [3]);
  assert.deepEqual(await linesFound("try { go(); } catch (error) { return null; }\n"), [1]);
  assert.deepEqual(
    await linesFound("// why\ntry {\n  go(); // more\n} catch {\n  return null;\n}\n"),
    [4],
  );
});

test("so is a promise's", async () => {
  assert.deepEqual(await linesFound("go().catch(() => {});\n"), [1]);
  assert.deepEqual(await linesFound("go()\n  .then(run)\n  .catch((error) => undefined);\n"), [3]);
});

test("throwing, mapping and explaining are all right", async () => {
  const handlers = [
    "try { go(); } catch { throw new Error('worse'); }\n",
    "try { go(); } catch (error) { return refusal(error); }\n",
    "try { go(); } catch {\n  // Gone already: that is what was wanted.\n}\n",
    "try { go(); } catch { /* gone already */ }\n",
    "go().catch((error) => log(error));\n",
    "go().catch(report);\n",
    "// Nobody waits for it.\ngo().catch(() => {});\n",
    "go().catch(() => {}); // nobody waits for it\n",
  ];
  for (const text of handlers) assert.deepEqual(await linesFound(text), [], text);
});
