/**
 * Finds the comments of a file. The parser keeps none, so the text between the literals of its
 * tree is scanned: outside strings, templates, regular expressions and JSX text, `//` and the
 * opening of a block can only be a comment.
 */
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import type { Comment } from "./module.ts";

const literalKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
  SyntaxKind.JsxText,
]);

/** The comments of `text` in order; `nodes` are all nodes of its tree, each before its children. */
export function commentsIn(
  text: string,
  nodes: readonly Node[],
  lineAt: (position: number) => number,
): Comment[] {
  const comments: Comment[] = [];
  let from = text.startsWith("#!") ? endOfLine(text, 0) : 0;
  const scanTo = (end: number): void => {
    while (from < end) {
      const start = nextComment(text, from, end);
      if (start === -1) return;
      from = endOfComment(text, start);
      const range = { start, end: from, line: lineAt(start), endLine: lineAt(from) };
      comments.push({ ...range, text: text.slice(start, from) });
    }
  };
  for (const node of nodes) {
    if (!literalKinds.has(node.kind)) continue;
    scanTo(node.kind === SyntaxKind.JsxText ? node.pos : node.getStart());
    from = Math.max(from, node.end);
  }
  scanTo(text.length);
  return comments;
}

function nextComment(text: string, from: number, end: number): number {
  for (let at = text.indexOf("/", from); at !== -1 && at < end; at = text.indexOf("/", at + 1)) {
    if (text[at + 1] === "/" || text[at + 1] === "*") return at;
  }
  return -1;
}

function endOfComment(text: string, start: number): number {
  if (text[start + 1] === "/") return endOfLine(text, start);
  const close = text.indexOf("*/", start + 2);
  return close === -1 ? text.length : close + 2;
}

function endOfLine(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  return newline === -1 ? text.length : newline;
}
