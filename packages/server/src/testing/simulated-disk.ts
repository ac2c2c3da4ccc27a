/**
 * A disk in memory that tells what is written from what is on stable storage: files with their
 * unsynced edits, folders with their unsynced names. It outlives the processes that use it, each
 * through a `FaultyFileSystem` of its own, and can lose power between them.
 */
import path from "node:path";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedFile } from "./simulated-file.ts";

type Node = SimulatedFile | SimulatedFolder;

/** Names that change together: a rename takes one away and sets another. */
type NameChange = {
  readonly id: number;
  readonly names: ReadonlyMap<string, Node | null>;
  readonly fate: Fate;
};

/** Whether a change is lost with the power; changes in two folders may share it. */
type Fate = { lost?: boolean };

/** A folder: the names a process sees, and those that are on stable storage. */
export class SimulatedFolder {
  readonly entries = new Map<string, Node>();
  #stable = new Map<string, Node>();
  #unsynced: NameChange[] = [];
  #nextId = 1;

  /** Names the changes made so far, for `sync`. */
  get lastEdit(): number {
    return this.#nextId - 1;
  }

  get stableEntries(): ReadonlyMap<string, Node> {
    return this.#stable;
  }

  /** Sets names, or takes them away where the value is null: all of them or none. */
  change(names: ReadonlyMap<string, Node | null>, fate: Fate = {}): void {
    this.#unsynced.push({ id: this.#nextId, names, fate });
    this.#nextId += 1;
    applyNames(this.entries, names);
  }

  sync(lastEdit: number): void {
    for (const { id, names, fate } of this.#unsynced) {
      if (id > lastEdit) continue;
      fate.lost = false;
      applyNames(this.#stable, names);
    }
    this.#unsynced = this.#unsynced.filter(({ id }) => id > lastEdit);
  }

  /** Each unsynced change is kept or lost; one that builds on a lost name is lost as well. */
  losePower(random: SeededRandom): void {
    const lost = new Set<string>();
    for (const { names, fate } of this.#unsynced) {
      const touched = [...names.keys()];
      fate.lost ??= touched.some((name) => lost.has(name)) || random.chance(0.5);
      if (fate.lost) {
        for (const name of touched) lost.add(name);
      } else {
        applyNames(this.#stable, names);
      }
    }
    this.#unsynced = [];
    this.entries.clear();
    for (const [name, node] of this.#stable) {
      this.entries.set(name, node);
      node.losePower(random);
    }
  }
}

function applyNames(entries: Map<string, Node>, names: ReadonlyMap<string, Node | null>): void {
  for (const [name, node] of names) {
    if (node === null) entries.delete(name);
    else entries.set(name, node);
  }
}

/** Everything below one folder, which itself is there from the beginning. Paths are absolute. */
export class SimulatedDisk {
  readonly #root: string;
  readonly #top = new SimulatedFolder();

  constructor(root: string) {
    this.#root = root;
  }

  /** The file or folder at a path, or null. */
  find(target: string): Node | null {
    const relative = path.relative(this.#root, target);
    if (relative === "") return this.#top;
    let node: Node | undefined = this.#top;
    for (const name of relative.split(path.sep)) {
      if (!(node instanceof SimulatedFolder)) return null;
      node = node.entries.get(name);
    }
    return node ?? null;
  }

  /** The folder at a path, or null. */
  folder(target: string): SimulatedFolder | null {
    const node = this.find(target);
    return node instanceof SimulatedFolder ? node : null;
  }

  /** The file at a path, or null. */
  file(target: string): SimulatedFile | null {
    const node = this.find(target);
    return node instanceof SimulatedFile ? node : null;
  }

  /** All files as a process sees them, by path in order. */
  files(pattern = /./): { path: string; file: SimulatedFile }[] {
    const found = filesBelow(this.#top, this.#root, (folder) => folder.entries);
    return found.filter((one) => pattern.test(one.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The paths of the files that match. */
  paths(pattern = /./): string[] {
    return this.files(pattern).map((one) => one.path);
  }

  /** Whether these bytes stand in some file on stable storage, under a name that does too. */
  holdsStable(bytes: Buffer): boolean {
    const stable = filesBelow(this.#top, this.#root, (folder) => folder.stableEntries);
    return stable.some(({ file }) => file.stableBytes.includes(bytes));
  }

  /** Puts a file in place, in folders made for it, behind everybody's back. */
  putFile(target: string, bytes: Buffer): void {
    const folder = path.dirname(target);
    if (this.folder(folder) === null) this.#makeFolder(folder);
    const file = new SimulatedFile();
    file.replace(bytes);
    this.#setName(target, file);
  }

  /** Takes a file away in the same manner. */
  removeFile(target: string): void {
    this.#setName(target, null);
  }

  #makeFolder(target: string): void {
    const parent = path.dirname(target);
    if (this.folder(parent) === null) this.#makeFolder(parent);
    this.#setName(target, new SimulatedFolder());
  }

  #setName(target: string, node: Node | null): void {
    const folder = this.folder(path.dirname(target));
    folder?.change(new Map([[path.basename(target), node]]));
    folder?.sync(folder.lastEdit);
  }

  /** Power goes away. What is left is all stable. */
  losePower(random: SeededRandom): void {
    this.#top.losePower(random);
  }
}

function filesBelow(
  folder: SimulatedFolder,
  at: string,
  entriesOf: (folder: SimulatedFolder) => ReadonlyMap<string, Node>,
): { path: string; file: SimulatedFile }[] {
  return [...entriesOf(folder)].flatMap(([name, node]) => {
    const below = path.join(at, name);
    return node instanceof SimulatedFile
      ? [{ path: below, file: node }]
      : filesBelow(node, below, entriesOf);
  });
}
