/**
 * What every check takes and gives: text files in, findings out. A check is a pure function of
 * the files handed to it, so that its tests feed it a few lines of bad input.
 */
import type { Module } from "./syntax/module.ts";

/** A file as it stands in the checkout; `path` counts from the root, with forward slashes. */
export type TextFile = { readonly path: string; readonly text: string };

/** One thing to put right; `line` counts from 1 and is 1 where the whole file is meant. */
export type Finding = { readonly path: string; readonly line: number; readonly message: string };

/** Everything the checks look at: all text files, and the facts of those that are code. */
export type Repository = {
  readonly files: readonly TextFile[];
  readonly modules: readonly Module[];
};

/** A check: all findings of one kind, in any order. Does no I/O and does not throw. */
export type Check = (repository: Repository) => readonly Finding[];
