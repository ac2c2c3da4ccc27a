/**
 * The exported functions, classes and types of a file, and whether each has a doc comment. A type
 * read off a schema of its own name (`type Run = Static<typeof Run>`) is the schema's second
 * half and needs none.
 */
import {
  isArrowFunction,
  isExportDeclaration,
  isFunctionExpression,
  isIdentifier,
  isNamedExports,
  isTypeAliasDeclaration,
  isVariableStatement,
  type ModifiersBase,
  type Node,
  SyntaxKind,
  type VariableStatement,
} from "typescript/unstable/ast";
import type { ExportFact } from "./module.ts";
import { lineOf, type Source, textOf } from "./source.ts";

type Declaration = { readonly name: string; readonly node: Node };

const declarationKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.ClassDeclaration,
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
]);

/** One fact per exported name; of overloads and merged declarations one comment will do. */
export function exportsOf(source: Source): ExportFact[] {
  const listed = namesListed(source);
  const facts = new Map<string, ExportFact>();
  for (const { name, node } of source.tree.statements.flatMap((one) => declared(source, one))) {
    if (!isExported(node) && !listed.has(name)) continue;
    const documented = hasDocComment(source, node) || (facts.get(name)?.documented ?? false);
    facts.set(name, { name, line: facts.get(name)?.line ?? lineOf(source, node), documented });
  }
  return [...facts.values()];
}

function declared(source: Source, statement: Node): Declaration[] {
  if (isVariableStatement(statement)) return functionsIn(statement);
  if (!declarationKinds.has(statement.kind) || readsOwnSchema(source, statement)) return [];
  const { name } = statement as Node & { name?: Node };
  return [{ name: name === undefined ? "default" : textOf(source, name), node: statement }];
}

function functionsIn(statement: VariableStatement): Declaration[] {
  return statement.declarationList.declarations.flatMap(({ name, initializer }) => {
    if (!isIdentifier(name) || initializer === undefined) return [];
    const isFunction = isArrowFunction(initializer) || isFunctionExpression(initializer);
    return isFunction ? [{ name: name.text, node: statement }] : [];
  });
}

function readsOwnSchema(source: Source, statement: Node): boolean {
  if (!isTypeAliasDeclaration(statement)) return false;
  return textOf(source, statement.type).includes(`typeof ${statement.name.text}>`);
}

function isExported(node: Node): boolean {
  const { modifiers } = node as Node & ModifiersBase;
  return modifiers?.some((one) => one.kind === SyntaxKind.ExportKeyword) ?? false;
}

/** Names in `export { … }` lists of the file's own declarations. */
function namesListed(source: Source): Set<string> {
  const lists = source.tree.statements
    .filter(isExportDeclaration)
    .filter((one) => one.moduleSpecifier === undefined);
  const names = lists.flatMap(({ exportClause }) =>
    exportClause !== undefined && isNamedExports(exportClause)
      ? exportClause.elements.map((one) => textOf(source, one.propertyName ?? one.name))
      : [],
  );
  return new Set(names);
}

/** The comment directly above counts, unless it is the one that opens the file. */
function hasDocComment(source: Source, node: Node): boolean {
  const start = node.getStart(source.tree);
  const above = source.comments.findLast((comment) => comment.end <= start);
  if (above === undefined || above === source.comments[0] || !above.text.startsWith("/**")) {
    return false;
  }
  return source.text.slice(above.end, start).trim() === "";
}
