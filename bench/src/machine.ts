/** What the figures were made on: processor, memory, disk with its flush time, versions. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Histogram } from "./histogram.ts";

/** The machine as the results file tells it; figures of two machines do not compare. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** The folder the data lay in, by file system, not by name. */
  readonly fileSystem: string;
  /** Writing 4 KiB and fdatasync, alone. */
  readonly flushP50Ms: number;
  readonly flushP99Ms: number;
  readonly flushPolicy: string;
};

/** Looks at the machine; `folder` is where the benches keep their data. */
export function describeMachine(folder: string): Machine {
  const flush = probeFlush(folder);
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    fileSystem: fileSystemOf(folder),
    flushP50Ms: flush.quantile(0.5),
    flushP99Ms: flush.quantile(0.99),
    flushPolicy: "every answer after fdatasync",
  };
}

function probeFlush(folder: string): Histogram {
  const file = path.join(folder, "flush-probe");
  const fd = fs.openSync(file, "w");
  const flush = new Histogram();
  try {
    fs.writeSync(fd, Buffer.alloc(4 * 2 ** 20));
    fs.fsyncSync(fd);
    const block = Buffer.alloc(4_096, 1);
    for (let at = 0; at < 500; at += 1) {
      const start = performance.now();
      fs.writeSync(fd, block, 0, block.length, at * block.length);
      fs.fdatasyncSync(fd);
      flush.add(performance.now() - start);
    }
  } finally {
    fs.closeSync(fd);
    fs.rmSync(file);
  }
  return flush;
}

const fileSystemNames: Record<number, string> = {
  61267: "ext4",
  16914836: "tmpfs",
  1481003842: "xfs",
  2435016766: "btrfs",
  2035054128: "overlayfs",
};

function fileSystemOf(folder: string): string {
  const { type } = fs.statfsSync(folder);
  return fileSystemNames[type] ?? `type ${type}`;
}
