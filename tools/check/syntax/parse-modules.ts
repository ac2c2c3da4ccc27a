/**
 * Reads files of code into the facts the checks use, with the parser of the `typescript` package
 * that also type-checks. Its programming interface is called unstable by its makers; the version
 * is pinned, and nothing outside this folder depends on it. Files come from memory, never disk.
 */
import assert from "node:assert/strict";
import {
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
  isTemplateHead,
  type SourceFile,
} from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { isCode } from "../code-paths.ts";
import type { TextFile } from "../finding.ts";
import { catchesOf } from "./catches.ts";
import { exportsOf } from "./exports.ts";
import { functionsOf, interfacesOf } from "./functions.ts";
import { importsOf, isBarrel } from "./imports.ts";
import type { Module, StringFact } from "./module.ts";
import { lineOf, type Source, sourceOf } from "./source.ts";
import { testMarksOf } from "./test-calls.ts";

const root = "/repository";
const configPath = `${root}/tsconfig.json`;

/** The facts of every file that is code, in the order given; other files are left out. */
export async function parseModules(files: readonly TextFile[]): Promise<Module[]> {
  const code = files.filter((file) => isCode(file.path));
  if (code.length === 0) return [];
  const api = new API({ cwd: root, fs: createVirtualFileSystem(virtualProject(code)) });
  try {
    const [project] = (await api.updateSnapshot({ openProjects: [configPath] })).getProjects();
    assert(project !== undefined, "the parser did not open its project");
    const modules = code.map(async (file) => {
      const tree = await project.program.getSourceFile(`${root}/${file.path}`);
      assert(tree !== undefined, `the parser did not read ${file.path}`);
      return moduleOf(file, tree);
    });
    return await Promise.all(modules);
  } finally {
    await api.close();
  }
}

function virtualProject(code: readonly TextFile[]): Record<string, string> {
  const compilerOptions = { noLib: true, noResolve: true, types: [], allowJs: true };
  const config = { compilerOptions, files: code.map((file) => file.path) };
  const contents = code.map((file) => [`${root}/${file.path}`, file.text]);
  return { ...Object.fromEntries(contents), [configPath]: JSON.stringify(config) };
}

function moduleOf(file: TextFile, tree: SourceFile): Module {
  const source = sourceOf(file, tree);
  return {
    path: file.path,
    text: file.text,
    lines: file.text.replace(/\n$/, "").split("\n"),
    barrel: isBarrel(source),
    comments: source.comments,
    strings: stringsOf(source),
    imports: importsOf(source),
    functions: functionsOf(source),
    interfaces: interfacesOf(source),
    exports: exportsOf(source),
    catches: catchesOf(source),
    testMarks: testMarksOf(source),
  };
}

function stringsOf(source: Source): StringFact[] {
  return source.nodes
    .filter(
      (node) =>
        isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node) || isTemplateHead(node),
    )
    .map((node) => ({ text: node.text, line: lineOf(source, node) }));
}
