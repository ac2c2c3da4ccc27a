/**
 * What every ThreadStore must do, as one suite that takes nothing but a way to make stores. Run
 * once per implementation and per set of limits; each title ends with the name of what was tested.
 */
import { test } from "node:test";
import { testCommits } from "./contract/commits.contract.ts";
import { testContent } from "./contract/content.contract.ts";
import type { ContractTest } from "./contract/contract-test.ts";
import { testDeletion } from "./contract/deletion.contract.ts";
import { testEvents } from "./contract/events.contract.ts";
import { testLeases } from "./contract/leases.contract.ts";
import { testLists } from "./contract/lists.contract.ts";
import { testParts } from "./contract/parts.contract.ts";
import { testSearch } from "./contract/search.contract.ts";
import { testStaging } from "./contract/staging.contract.ts";
import type { ThreadStore } from "./thread-store.ts";

/** Makes the stores that are tested. */
export type StoreFactory = {
  /** A new, empty store, apart from all others. */
  open(): Promise<ThreadStore>;
  /** Closes a store and opens what it held again. */
  reopen(store: ThreadStore): Promise<ThreadStore>;
};

/** Registers the suite for one implementation, `name` in every title. */
export function testThreadStore(name: string, factory: StoreFactory): void {
  const contractTest: ContractTest = (title, run) => {
    test(`${title} (${name})`, async () => {
      let store = await factory.open();
      const reopen = async () => {
        store = await factory.reopen(store);
        return store;
      };
      try {
        await run(store, reopen);
      } finally {
        await store.close();
      }
    });
  };
  testCommits(contractTest);
  testEvents(contractTest);
  testParts(contractTest);
  testLeases(contractTest);
  testLists(contractTest);
  testSearch(contractTest);
  testDeletion(contractTest);
  testContent(contractTest);
  testStaging(contractTest);
}
