import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Where both packages are unpacked already, each in a folder of its name. */
const UNPACKED = process.env["PODPATH_BIRDS"];

/**
 * Folder of the programs of a package, unpacked under `scratch` and not installed (the two exclude each other): BIRD 1.6 (`bird`, `bird6`,
 * `birdc`) or BIRD 2. Null where apt offers none.
 */
export function fetchBird(name: "bird" | "bird2", scratch: string): string | null {
  if (UNPACKED !== undefined) return join(UNPACKED, name, "usr/sbin");
  const folder = join(scratch, name, "usr/sbin");
  try {
    mkdirSync(scratch, { recursive: true });
    execFileSync("apt-get", ["-o", "APT::Sandbox::User=root", "download", name], { cwd: scratch, stdio: "pipe" });
    const file = readdirSync(scratch).find((one) => one.startsWith(`${name}_`));
    if (file !== undefined) execFileSync("dpkg", ["-x", file, join(scratch, name)], { cwd: scratch, stdio: "pipe" });
  } catch {
    return null;
  }
  return existsSync(join(folder, "bird")) ? folder : null;
}
