/**
 * How the parts of the store's contract get their stores: each registers its tests through the
 * function it is handed, and walks over restarts of the store it is given.
 */
import type { ThreadStore } from "../thread-store.ts";

/** Registers one test that gets an open store; it is closed afterwards. */
export type ContractTest = (
  title: string,
  run: (store: ThreadStore, reopen: () => Promise<ThreadStore>) => Promise<void>,
) => void;

/** The store, then what it is after each of `times` restarts. */
export async function* andReopened(
  store: ThreadStore,
  reopen: () => Promise<ThreadStore>,
  times = 1,
): AsyncGenerator<ThreadStore> {
  yield store;
  for (let time = 0; time < times; time += 1) yield await reopen();
}
