/**
 * Functions and interfaces with their sizes. In test code the tests a function registers are
 * taken out of its length, since each of them is measured by itself: a contract suite is a list,
 * not a long function.
 */
import {
  type FunctionLikeBase,
  isFunctionTypeNode,
  isIdentifier,
  isInterfaceDeclaration,
  isMethodSignatureDeclaration,
  isPropertyAssignment,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isVariableDeclaration,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { isTestCode } from "../code-paths.ts";
import type { FunctionFact, InterfaceFact } from "./module.ts";
import { lineOf, type Source, textOf } from "./source.ts";
import { isTestCall } from "./test-calls.ts";

type FunctionNode = Node & FunctionLikeBase & { readonly name?: Node };

const functionKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** Whether the node is a function, method or method signature. */
export function isFunctionNode(node: Node): node is FunctionNode {
  return functionKinds.has(node.kind);
}

/** Every function of the file, nested ones too. */
export function functionsOf(source: Source): FunctionFact[] {
  return source.nodes.filter(isFunctionNode).map((node) => ({
    name: nameOf(source, node),
    line: lineOf(source, node),
    lines: linesOf(source, node) - (isTestCode(source.path) ? testLinesIn(source, node) : 0),
    parameters: node.parameters.filter((one) => textOf(source, one.name) !== "this").length,
  }));
}

/** Every interface of the file. */
export function interfacesOf(source: Source): InterfaceFact[] {
  return source.nodes.filter(isInterfaceDeclaration).map((node) => ({
    name: node.name.text,
    line: lineOf(source, node),
    methods: node.members.filter(isMethodMember).length,
  }));
}

function isMethodMember(member: Node): boolean {
  if (isMethodSignatureDeclaration(member)) return true;
  if (!isPropertySignatureDeclaration(member)) return false;
  return member.type !== undefined && isFunctionTypeNode(member.type);
}

function nameOf(source: Source, node: FunctionNode): string {
  if (node.kind === SyntaxKind.Constructor) return "constructor";
  if (node.name !== undefined) return textOf(source, node.name);
  const { parent } = node;
  if (isVariableDeclaration(parent) || isPropertyAssignment(parent)) {
    return textOf(source, parent.name);
  }
  if (isPropertyDeclaration(parent) && isIdentifier(parent.name)) return parent.name.text;
  return "a nameless function";
}

function linesOf(source: Source, node: Node): number {
  return source.lineAt(node.end) - lineOf(source, node) + 1;
}

function testLinesIn(source: Source, node: Node): number {
  let lines = 0;
  const visit = (child: Node): void => {
    if (isTestCall(source, child)) lines += linesOf(source, child);
    else child.forEachChild(visit);
  };
  node.forEachChild(visit);
  return lines;
}
