/**
 * The checkout carries no trace of the machine it was written on: no absolute path into somebody's
 * folders, no address of a package registry. Recorded samples (JSONL, `fixtures/`) are as they
 * were recorded.
 */
import type { Finding, Repository } from "./finding.ts";

const folders = ["work", "tmp", "root"];
const registries = ["npmjs.org", "npmjs.com", "yarnpkg.com", "npmmirror.com"];
// A slash before the folder begins an absolute path only where no name stands before it.
const machinePath = new RegExp(`(?<![\\w.@~*})/-])/(${folders.join("|")})/`);
const registry = new RegExp(`registry\\.(${registries.join("|").replaceAll(".", "\\.")})`);
const recorded = /\.jsonl$|(^|\/)fixtures\//;

/** Lines that name a machine's path or a registry's host. */
export function checkTraces({ files }: Repository): Finding[] {
  return files
    .filter(({ path }) => !recorded.test(path))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((content, index) => {
        const found = machinePath.exec(content) ?? registry.exec(content);
        if (found === null) return [];
        return [{ path, line: index + 1, message: `names ${found[0]}: a trace of one machine` }];
      }),
    );
}
