/**
 * Recognises calls that register tests (`test(…)`, `t.test(…)`, `describe.only(…)`) and finds the
 * marks that single a test out or leave it out.
 */
import {
  type CallExpression,
  isCallExpression,
  isObjectLiteralExpression,
  isPropertyAssignment,
  type Node,
} from "typescript/unstable/ast";
import type { TestMark } from "./module.ts";
import { lineOf, type Source, textOf } from "./source.ts";

const registersTest = /^(test|it|describe|suite|(t|context)\.test)(\.(only|skip|todo))?$/;
const marksTest = /^(?:test|it|describe|suite|t|context)\.(only|skip|todo)$/;

/** Whether the node is a call that registers a test or a suite of tests. */
export function isTestCall(source: Source, node: Node): node is CallExpression {
  return isCallExpression(node) && registersTest.test(textOf(source, node.expression));
}

/** The marks of a file's tests; in a file that registers none, nothing. */
export function testMarksOf(source: Source): TestMark[] {
  return source.nodes
    .filter(isCallExpression)
    .flatMap((call) => [...markOfCallee(source, call), ...marksOfOptions(source, call)]);
}

function markOfCallee(source: Source, call: CallExpression): TestMark[] {
  const callee = textOf(source, call.expression);
  const mark = marksTest.exec(callee)?.[1] as TestMark["mark"] | undefined;
  if (mark === undefined) return [];
  const line = lineOf(source, call);
  const [first] = call.arguments;
  // The argument of `t.skip` is the reason, that of `test.skip` only the title.
  const givesReason = /^(t|context)\./.test(callee) && first !== undefined;
  return [{ mark, line, reasoned: givesReason || hasCommentAt(source, line) }];
}

function marksOfOptions(source: Source, call: CallExpression): TestMark[] {
  if (!isTestCall(source, call)) return [];
  return call.arguments
    .filter(isObjectLiteralExpression)
    .flatMap((options) => options.properties.filter(isPropertyAssignment))
    .flatMap((property) => {
      const mark = textOf(source, property.name);
      if (mark !== "only" && mark !== "skip" && mark !== "todo") return [];
      const value = textOf(source, property.initializer);
      if (value === "false" || value === "undefined") return [];
      const line = lineOf(source, property);
      return [{ mark, line, reasoned: /["'`]/.test(value) || hasCommentAt(source, line) }];
    });
}

function hasCommentAt(source: Source, line: number): boolean {
  return source.comments.some((comment) => comment.line <= line && line <= comment.endLine);
}
