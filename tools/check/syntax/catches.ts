/**
 * Every place that catches an error: `catch` clauses and `.catch(…)` with a function. It is
 * explained when it throws, uses the error it caught, or carries a comment.
 */
import {
  type CallExpression,
  type CatchClause,
  isCallExpression,
  isCatchClause,
  isIdentifier,
  isPropertyAccessExpression,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { isFunctionNode } from "./functions.ts";
import type { CatchFact } from "./module.ts";
import { descendantsOf, lineOf, type Source } from "./source.ts";

/** One fact per place, in the file's order. */
export function catchesOf(source: Source): CatchFact[] {
  return source.nodes.flatMap((node) => {
    if (isCatchClause(node)) return [ofClause(source, node)];
    const handler = isCallExpression(node) ? handlerOf(node) : null;
    return handler === null ? [] : [ofHandler(source, handler)];
  });
}

function ofClause(source: Source, clause: CatchClause): CatchFact {
  const line = lineOf(source, clause);
  const caught = clause.variableDeclaration?.name;
  const explained =
    acts(clause.block, caught) || hasComment(source, line, source.lineAt(clause.end));
  return { line, explained };
}

function ofHandler(source: Source, handler: Node): CatchFact {
  const line = lineOf(source, handler);
  const lastLine = source.lineAt(handler.end);
  // A function named elsewhere deals with the error there; an inline one is judged here.
  const explained =
    !isFunctionNode(handler) ||
    acts(handler, handler.parameters[0]?.name) ||
    hasComment(source, line - 1, lastLine);
  return { line, explained };
}

/** The function given to a promise's `catch`, or null where the call is something else. */
function handlerOf(call: CallExpression): Node | null {
  const { expression } = call;
  if (!isPropertyAccessExpression(expression) || expression.name.text !== "catch") return null;
  return call.arguments[0] ?? null;
}

/** Whether the body throws, or reads what was caught. */
function acts(body: Node, caught: Node | undefined): boolean {
  const name = caught !== undefined && isIdentifier(caught) ? caught.text : null;
  return descendantsOf(body).some(
    (node) =>
      node.kind === SyntaxKind.ThrowStatement ||
      (name !== null && node !== caught && isIdentifier(node) && node.text === name),
  );
}

function hasComment(source: Source, firstLine: number, lastLine: number): boolean {
  return source.comments.some(
    (comment) => comment.endLine >= firstLine && comment.line <= lastLine,
  );
}
