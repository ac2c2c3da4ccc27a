/**
 * An embedded store over a `SimulatedDisk`, opened as often as a test likes: closed in order,
 * killed, or struck by a power failure in between. Only `spool.db` and `lock.db` lie on the real
 * disk, in a folder of their own that is removed after the test.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { EmbeddedStore } from "../store/embedded/embedded-store.ts";
import { openEmbeddedStore } from "../store/embedded/open-embedded-store.ts";
import type { StoreLimits } from "../store/embedded/store-limits.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import { FakeClock } from "./fake-clock.ts";
import { FaultyFileSystem } from "./faulty-file-system.ts";
import { InlineSearch } from "./inline-search.ts";
import { InlineView } from "./inline-view.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { ThreadScript } from "./thread-script.ts";

/** So small that a few commits fill segments and blocks; timers so long that none fires. */
export const smallLimits: Partial<StoreLimits> = {
  segmentBytes: 3_000,
  allocateBytes: 1_024,
  blockBytes: 400,
  checkpointBytes: 1_500,
  readBytes: 1_000,
  viewIntervalMs: 1_000_000,
  searchIntervalMs: 1_000_000,
  searchHeldBytes: 2_000,
  searchProbedTexts: 8,
  searchRareThreads: 4,
  searchAskedThreads: 3,
  searchWalkedThreads: 5,
  searchHitsOneIn: 2,
  checkpointIntervalMs: 1_000_000,
  retryMs: 2,
};

/** What is left of `spool.db` after a power failure: all, what was durable, or nothing. */
export type ViewAfterwards = "kept" | "durable" | "gone";

/** One data directory, opened by one store at a time; the same seed gives the same run. */
export class EmbeddedFixture {
  readonly dataDir: string;
  readonly disk: SimulatedDisk;
  readonly clock = new FakeClock();
  readonly random: SeededRandom;
  readonly limits: Partial<StoreLimits>;
  /** What the operator was told. */
  readonly logs: string[] = [];
  /** Commits per flush, in order. */
  readonly flushes: number[] = [];
  /** The file system and the view of the last store that was opened. */
  files: FaultyFileSystem;
  view: InlineView;
  /** The search index of the last store that was opened. */
  search: InlineSearch | null = null;

  constructor(t: TestContext, options: { seed?: number; limits?: Partial<StoreLimits> } = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.limits = { ...smallLimits, ...options.limits };
    this.dataDir = mkdtempSync(path.join(os.tmpdir(), "spool-store-"));
    t.after(() => rmSync(this.dataDir, { recursive: true, force: true }));
    this.disk = new SimulatedDisk(this.dataDir);
    this.files = new FaultyFileSystem(this.disk, this.random);
    this.view = new InlineView(this.viewFile);
  }

  get viewFile(): string {
    return path.join(this.dataDir, "spool.db");
  }

  /** Opens the store; `prepare` orders faults before the first operation. */
  open(prepare: (files: FaultyFileSystem) => void = () => undefined): Promise<EmbeddedStore> {
    this.files = new FaultyFileSystem(this.disk, this.random);
    this.view = new InlineView(this.viewFile);
    prepare(this.files);
    return openEmbeddedStore({
      dataDir: this.dataDir,
      now: this.clock.now,
      log: (line) => this.logs.push(line),
      files: this.files,
      limits: this.limits,
      openView: () => this.view,
      openSearch: (files) => {
        this.search = new InlineSearch(files);
        return this.search;
      },
      observe: { flushed: (commits) => this.flushes.push(commits) },
    });
  }

  /** Ends the process of a store; what it had written but not synced stays in the cache. */
  async kill(store: EmbeddedStore | null): Promise<void> {
    this.files.kill();
    // Lets go of locks and timers only: nothing reaches the disk any more.
    await store?.close();
  }

  /** Ends the process and takes away power: unsynced edits are kept, lost or torn. */
  async losePower(store: EmbeddedStore | null, view: ViewAfterwards = "kept"): Promise<void> {
    const { durable } = this.view;
    await this.kill(store);
    this.disk.losePower(this.random);
    if (view === "gone" || (view === "durable" && durable === null)) this.removeView();
    else if (view === "durable" && durable !== null) this.restoreView(durable);
  }

  removeView(): void {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${this.viewFile}${suffix}`, { force: true });
  }

  /** Puts an older file in the view's place. */
  restoreView(bytes: Buffer): void {
    this.removeView();
    writeFileSync(this.viewFile, bytes);
  }

  /** Another directory with the same files, as they are on stable storage. */
  copy(t: TestContext, seed: number): EmbeddedFixture {
    const { limits } = this;
    const copy = new EmbeddedFixture(t, { seed, limits });
    for (const { path: from, file } of this.disk.files()) {
      copy.disk.putFile(path.join(copy.dataDir, path.relative(this.dataDir, from)), file.bytes);
    }
    for (const suffix of ["", "-wal"]) {
      if (!existsSync(`${this.viewFile}${suffix}`)) continue;
      copyFileSync(`${this.viewFile}${suffix}`, `${copy.viewFile}${suffix}`);
    }
    return copy;
  }

  /** A thread to write; `name` is its id without the prefix. */
  script(name: string, orgId = "acme"): ThreadScript {
    const key: ThreadKey = { orgId, threadId: `thr_${name}` };
    return new ThreadScript(key, this.clock.now);
  }
}
