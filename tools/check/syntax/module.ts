/**
 * The facts the checks need of one file of code, as plain data. Only this folder knows the
 * parser behind them; a check never sees a syntax tree. Lines count from 1.
 */

/** A comment as written, its markers included. */
export type Comment = {
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  /** Offsets into the file's text, the end exclusive. */
  readonly start: number;
  readonly end: number;
};

/** A string, or the fixed beginning of a template, without its quotes. */
export type StringFact = { readonly text: string; readonly line: number };

/** An import, re-export, `import()` or import type. */
export type ImportFact = {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
};

/** A function or method; `lines` leaves out the tests it registers where it is test code. */
export type FunctionFact = {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
};

/** An interface and how many methods it declares itself. */
export type InterfaceFact = {
  readonly name: string;
  readonly line: number;
  readonly methods: number;
};

/** An exported function, class or type, and whether a doc comment stands on it. */
export type ExportFact = {
  readonly name: string;
  readonly line: number;
  readonly documented: boolean;
};

/** A `catch`; explained when it throws, uses the error, or carries a comment. */
export type CatchFact = { readonly line: number; readonly explained: boolean };

/** A test that is singled out, skipped or put off, and whether the line says why. */
export type TestMark = {
  readonly mark: "only" | "skip" | "todo";
  readonly line: number;
  readonly reasoned: boolean;
};

/** One file of code. */
export type Module = {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Whether it has statements and all of them pass other modules' exports on. */
  readonly barrel: boolean;
  readonly comments: readonly Comment[];
  readonly strings: readonly StringFact[];
  readonly imports: readonly ImportFact[];
  readonly functions: readonly FunctionFact[];
  readonly interfaces: readonly InterfaceFact[];
  readonly exports: readonly ExportFact[];
  readonly catches: readonly CatchFact[];
  readonly testMarks: readonly TestMark[];
};
