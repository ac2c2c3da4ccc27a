/**
 * A package names in its own `package.json` every package it imports: inside the workspace any
 * installed package resolves, published it would not. Tests and what lies outside the packages
 * may also use what the root names.
 */
import { isTestOnly } from "./code-paths.ts";
import type { Finding, Repository, TextFile } from "./finding.ts";

const fields = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

type Manifest = { readonly name: string; readonly dependencies: ReadonlySet<string> };

/** Imports of packages that the importing package does not name. */
export function checkDependencies({ files, modules }: Repository): Finding[] {
  const manifests = new Map(
    files
      .filter(({ path }) => path === "package.json" || path.endsWith("/package.json"))
      .map((file) => [file.path, manifestOf(file)]),
  );
  const root = manifests.get("package.json");
  return modules.flatMap(({ path, imports }) => {
    const own = manifests.get(`${packageFolderOf(path)}package.json`);
    const usesRoot = own === undefined || isTestOnly(path);
    return imports.flatMap(({ specifier, line }) => {
      const name = packageNameOf(specifier);
      if (name === null || name === own?.name || own?.dependencies.has(name)) return [];
      if (usesRoot && root?.dependencies.has(name)) return [];
      return [{ path, line, message: `${name} is not among the package's dependencies` }];
    });
  });
}

function manifestOf({ text }: TextFile): Manifest {
  const json = JSON.parse(text) as { name: string } & Record<string, object | undefined>;
  const names = fields.flatMap((field) => Object.keys(json[field] ?? {}));
  return { name: json.name, dependencies: new Set(names) };
}

/** `packages/server/` for a file of the server, `bench/` for one of the benches. */
function packageFolderOf(path: string): string {
  return /^(packages\/[^/]+|[^/]+)\//.exec(path)?.[0] ?? "";
}

/** The package a specifier names; null for files, Node's own modules and addresses. */
function packageNameOf(specifier: string): string | null {
  if (/^(\.|\/|#|[a-z]+:)/.test(specifier)) return null;
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
