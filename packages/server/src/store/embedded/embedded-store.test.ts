/**
 * Runs the store's contract against the embedded store: on the machine's disk with limits so small
 * that every thread rolls over segments and blocks, and in memory, with writes that come up short,
 * with the limits of every day as well.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { smallLimits } from "../../testing/embedded-fixture.ts";
import { FaultyFileSystem } from "../../testing/faulty-file-system.ts";
import { InlineSearch } from "../../testing/inline-search.ts";
import { InlineView } from "../../testing/inline-view.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { SimulatedDisk } from "../../testing/simulated-disk.ts";
import { type StoreFactory, testThreadStore } from "../thread-store.contract.ts";
import type { ThreadStore } from "../thread-store.ts";
import { type EmbeddedStoreOptions, openEmbeddedStore } from "./open-embedded-store.ts";
import type { StoreLimits } from "./store-limits.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "spool-contract-"));
after(() => rmSync(root, { recursive: true, force: true }));

const busyLimits = {
  ...smallLimits,
  viewIntervalMs: 1,
  searchIntervalMs: 1,
  checkpointIntervalMs: 5,
};
testThreadStore(
  "embedded, on disk, small limits",
  factoryOf(() => ({ limits: busyLimits })),
);
testThreadStore("embedded, in memory", factoryOf(inMemory({})));
testThreadStore(
  "embedded, in memory, small limits",
  factoryOf(inMemory({ ...smallLimits, searchIntervalMs: 1 })),
);

/** On a simulated disk whose writes come up short. */
function inMemory(limits: Partial<StoreLimits>) {
  return (dataDir: string): Partial<EmbeddedStoreOptions> => {
    const disk = new SimulatedDisk(dataDir);
    return {
      limits,
      openView: (file) => new InlineView(file),
      openSearch: (files) => new InlineSearch(files),
      get files() {
        const files = new FaultyFileSystem(disk, new SeededRandom(1));
        files.shortWrites = true;
        return files;
      },
    };
  };
}

/** Stores in folders of their own; `settingsOf` is asked once per folder. */
function factoryOf(settingsOf: (dataDir: string) => Partial<EmbeddedStoreOptions>): StoreFactory {
  const made = new Map<ThreadStore, EmbeddedStoreOptions>();
  let count = 0;
  const openWith = async (options: EmbeddedStoreOptions) => {
    const store = await openEmbeddedStore(options);
    made.set(store, options);
    return store;
  };
  return {
    open() {
      count += 1;
      const dataDir = mkdtempSync(path.join(root, `${count}-`));
      return openWith(
        Object.assign(Object.create(settingsOf(dataDir)), {
          dataDir,
          now: () => Date.now(),
          log: () => undefined,
        }),
      );
    },
    async reopen(store) {
      await store.close();
      return openWith(made.get(store) as EmbeddedStoreOptions);
    },
  };
}
