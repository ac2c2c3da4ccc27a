/**
 * Sizes: no file, function, line, parameter list or interface grows past its limit. The aims are
 * lower (300 lines, 40, 100, 3, 8); these are the points where the check fails, for all code
 * alike and without an exceptions list.
 */
import type { Finding, Repository } from "./finding.ts";
import type { Module } from "./syntax/module.ts";

const fileLinesMax = 500;
const functionLinesMax = 80;
const lineColumnsMax = 120;
const parametersMax = 5;
const interfaceMethodsMax = 10;

/** Everything that is over a limit. */
export function checkTidy({ modules }: Repository): Finding[] {
  return modules.flatMap((module) => [
    ...longFile(module),
    ...longLines(module),
    ...largeFunctions(module),
    ...wideInterfaces(module),
  ]);
}

function longFile({ path, lines }: Module): Finding[] {
  if (lines.length <= fileLinesMax) return [];
  return [{ path, line: 1, message: `${lines.length} lines, at most ${fileLinesMax}` }];
}

function longLines({ path, lines }: Module): Finding[] {
  return lines.flatMap((text, index) => {
    const columns = [...text].length;
    if (columns <= lineColumnsMax) return [];
    const message = `${columns} columns, at most ${lineColumnsMax}`;
    return [{ path, line: index + 1, message }];
  });
}

function largeFunctions({ path, functions }: Module): Finding[] {
  return functions.flatMap(({ name, line, lines, parameters }) => {
    const problems: string[] = [];
    if (lines > functionLinesMax) problems.push(`${lines} lines, at most ${functionLinesMax}`);
    if (parameters > parametersMax) {
      problems.push(`${parameters} parameters, at most ${parametersMax}`);
    }
    return problems.map((problem) => ({ path, line, message: `${name}: ${problem}` }));
  });
}

function wideInterfaces({ path, interfaces }: Module): Finding[] {
  return interfaces
    .filter(({ methods }) => methods > interfaceMethodsMax)
    .map(({ name, line, methods }) => {
      return { path, line, message: `${name}: ${methods} methods, at most ${interfaceMethodsMax}` };
    });
}
