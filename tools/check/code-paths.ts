/**
 * Which paths hold code, and which of that code runs only in tests. One place, so that no two
 * checks disagree about it.
 */
const codePath = /^(packages|bench|tools|conformance)\/.*\.(ts|tsx|mts|mjs|js)$/;
const notOurs = /(^|\/)(node_modules|dist|fixtures)\//;

/** Whether the file is code that the house rules apply to. */
export function isCode(path: string): boolean {
  return codePath.test(path) && !notOurs.test(path);
}

/** Whether the file holds tests: a test file, a contract suite, or the conformance suite. */
export function isTestCode(path: string): boolean {
  return /\.(test|contract)\.tsx?$/.test(path) || path.startsWith("conformance/");
}

/** Whether the file runs only in tests: `isTestCode`, or what stands under `testing/`. */
export function isTestOnly(path: string): boolean {
  return isTestCode(path) || path.includes("/testing/");
}
