/**
 * A parsed file with what every collector of facts needs: its nodes in one flat list, its
 * comments, and positions turned into lines. Made once per file by `parse-modules.ts`.
 */
import type { Node, SourceFile } from "typescript/unstable/ast";
import type { TextFile } from "../finding.ts";
import { commentsIn } from "./comments.ts";
import type { Comment } from "./module.ts";

/** A file being read; `nodes` are all nodes below the root, each before its children. */
export type Source = {
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  readonly nodes: readonly Node[];
  readonly comments: readonly Comment[];
  /** The line of an offset, counted from 1. */
  readonly lineAt: (position: number) => number;
};

/** Wraps a parsed file. */
export function sourceOf(file: TextFile, tree: SourceFile): Source {
  const nodes = descendantsOf(tree);
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const comments = commentsIn(file.text, nodes, lineAt);
  return { path: file.path, text: file.text, tree, nodes, comments, lineAt };
}

/** All nodes below `root`, each before its children. */
export function descendantsOf(root: Node): Node[] {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    found.push(node);
    node.forEachChild(visit);
  };
  root.forEachChild(visit);
  return found;
}

/** The first line of a node, without the comments before it. */
export function lineOf(source: Source, node: Node): number {
  return source.lineAt(node.getStart(source.tree));
}

/** The node's text, without the comments before it. */
export function textOf(source: Source, node: Node): string {
  return source.text.slice(node.getStart(source.tree), node.end);
}
