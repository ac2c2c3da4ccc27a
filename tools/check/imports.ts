/**
 * Imports point one way, as `import-rules.ts` lists it; implementations of the two seams are named
 * by `app.ts` and tests alone; what stands under `testing/` is for tests; and a package names in
 * its `package.json` what it imports. Cycles between files are found by the linter.
 */
import { posix } from "node:path";
import { isTestCode, isTestOnly } from "./code-paths.ts";
import { checkDependencies } from "./dependencies.ts";
import type { Finding, Repository } from "./finding.ts";
import { implementations, mayImport, typesOnly } from "./import-rules.ts";
import type { ImportFact } from "./syntax/module.ts";

type Import = ImportFact & { readonly from: string; readonly to: string };

/** Imports against the direction, and imports no `package.json` names. */
export function checkImports(repository: Repository): Finding[] {
  const against = repository.modules.flatMap((module) =>
    module.imports.flatMap((one) => {
      const to = targetOf(module.path, one.specifier);
      if (to === null) return [];
      const message = problemOf({ ...one, from: module.path, to });
      return message === null ? [] : [{ path: module.path, line: one.line, message }];
    }),
  );
  return [...against, ...checkDependencies(repository)];
}

/** The path a specifier means inside the checkout; null for packages from elsewhere. */
function targetOf(from: string, specifier: string): string | null {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  const own = /^@spool\/([^/]+)\/(.+)$/.exec(specifier);
  return own === null ? null : `packages/${own[1]}/src/${own[2]}.ts`;
}

function problemOf(one: Import): string | null {
  if (isTestCode(one.from)) return null;
  return testingProblem(one) ?? implementationProblem(one) ?? directionProblem(one);
}

function testingProblem({ from, to }: Import): string | null {
  if (!to.includes("/testing/") || isTestOnly(from) || from.startsWith("bench/")) return null;
  return `${to} is for tests only`;
}

function implementationProblem({ from, to }: Import): string | null {
  const implementation = implementations.find((one) => to.startsWith(one));
  if (implementation === undefined || from.startsWith(implementation)) return null;
  if (isTestOnly(from) || from.startsWith("bench/")) return null;
  if (from === "packages/server/src/app.ts") return null;
  return `${to} is an implementation: only app.ts names it`;
}

function directionProblem({ from, to, typeOnly }: Import): string | null {
  const part = partOf(from);
  const target = partOf(to);
  if (part === target) return null;
  const below = mayImport[part];
  if (below === undefined) return `${part} is not in the list of parts (import-rules.ts)`;
  if (below.includes(target)) return null;
  const rule = typesOnly.find((one) => one.to === target && one.from.includes(part));
  if (rule === undefined) return `${part} may not import ${target} (${to})`;
  if (typeOnly || rule.free.includes(to)) return null;
  return `${part} may import only types of ${target} (${to})`;
}

/** `protocol`, `bench`, `server/store`, `server/config`: what a path belongs to. */
function partOf(path: string): string {
  const [root = "", ...rest] = path.split("/");
  if (root !== "packages") return root;
  const [name = "", , folder = ""] = rest;
  if (name === "web" && folder === "testing") return "web/testing";
  if (name !== "server") return name;
  // A root file stands for its family: `config-values.ts` belongs to `config`.
  return `server/${folder.replace(/[-.].*/, "")}`;
}
