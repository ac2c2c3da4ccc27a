/** Waits for conditions that come true by themselves, so that no test waits for a fixed time. */
import assert from "node:assert/strict";

/** Resolves once the condition holds; fails with its name after five seconds, or `withinMs`. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 5_000 } = {},
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets everything that can go on without a timer go on. */
export async function settled(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
