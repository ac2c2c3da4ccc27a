/** Which peers are on this machine; a peer that is not is named and left out, never faked. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";

/** Whether a program can be run. */
export function isInstalled(program: string): boolean {
  return spawnSync("which", [program], { stdio: "ignore" }).status === 0;
}

/** Whether nginx and its Nchan module are there. */
export function hasNchan(): boolean {
  return isInstalled("nginx") && fs.existsSync(nchanModule);
}

/** Whether an npm package is among the project's. */
export function isPackageInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false; // it throws for nothing else
  }
}

/** Where Debian's package puts the module. */
export const nchanModule = "/usr/lib/nginx/modules/ngx_nchan_module.so";
