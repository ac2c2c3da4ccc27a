/**
 * What a file imports, in whatever form, and whether it is a barrel: a file that only passes
 * other modules' exports on.
 */
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import type { ImportFact } from "./module.ts";
import { lineOf, type Source } from "./source.ts";

/** Every import, re-export, `import()` with a fixed name, and import type. */
export function importsOf(source: Source): ImportFact[] {
  return source.nodes.flatMap((node) => {
    const found = specifierOf(node);
    if (found === null || !isStringLiteral(found.specifier)) return [];
    const { typeOnly } = found;
    return [{ specifier: found.specifier.text, line: lineOf(source, node), typeOnly }];
  });
}

/** Whether the file has statements and every one of them is a re-export. */
export function isBarrel(source: Source): boolean {
  const { statements } = source.tree;
  return statements.length > 0 && statements.every(isReExport);
}

function isReExport(statement: Node): boolean {
  return isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
}

function specifierOf(node: Node): { specifier: Node; typeOnly: boolean } | null {
  if (isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
    return { specifier: node.moduleSpecifier, typeOnly };
  }
  if (isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly };
  }
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal, typeOnly: true };
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    const [specifier] = node.arguments;
    return specifier === undefined ? null : { specifier, typeOnly: false };
  }
  return null;
}
