/**
 * `npm run build`: the package as it is published, in `dist/` or a folder that is given: plain
 * JavaScript modules with their declarations, and a manifest without run-time dependencies. The
 * protocol's types come along as declarations; of them `typebox` says what the schemas infer.
 */
import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = import.meta.dirname;
const compiler = resolve(folder, "../../node_modules/typescript/bin/tsc");

/** Builds into a folder, which is emptied first. Rejects with what the compiler printed. */
async function buildPackage(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await compile("tsconfig.build.json", target);
  await compile("tsconfig.protocol.json", join(target, "protocol"));
  await pointToModules(target);
  await pointToModules(join(target, "protocol"));
  await writeFile(join(target, "package.json"), await manifest());
}

async function compile(project: string, target: string): Promise<void> {
  const options = ["-p", join(folder, project), "--outDir", target];
  try {
    await run(process.execPath, [compiler, ...options]);
  } catch (error) {
    throw new Error(String((error as { stdout?: string }).stdout), { cause: error });
  }
}

/** Declarations name their modules as they are in the package, the protocol's included. */
async function pointToModules(target: string): Promise<void> {
  for (const name of await readdir(target)) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(target, name);
    const text = (await readFile(path, "utf8"))
      .replaceAll(/"@spool\/protocol\/([a-z0-9-]+)"/g, '"./protocol/$1.js"')
      .replaceAll(/"(\.\/[a-z0-9-]+)\.ts"/g, '"$1.js"');
    await writeFile(path, text);
  }
}

async function manifest(): Promise<string> {
  const read = async (path: string) => JSON.parse(await readFile(join(folder, path), "utf8"));
  const { name, version, description, license, type } = await read("package.json");
  const { dependencies } = await read("../protocol/package.json");
  const published = {
    ...{ name, version, description, license, type },
    exports: { "./*": { types: "./*.d.ts", default: "./*.js" } },
    // For the declarations only; no module imports it.
    dependencies: { typebox: dependencies.typebox },
    sideEffects: false,
  };
  return `${JSON.stringify(published, null, 2)}\n`;
}

await buildPackage(resolve(process.argv[2] ?? join(folder, "dist")));
