import { join } from "node:path";
import { build } from "tsdown";
import configurations from "../../tsdown.config.ts";

/**
 * Builds the command of these sources into a folder as the package's build does (tsdown.config.ts), without a code cache, and says where it
 * stands: starting it is ten times cheaper than compiling the sources in each process.
 */
export async function buildCommand(folder: string): Promise<string> {
  for (const configuration of configurations) {
    if (configuration.dts) continue;
    await build({ ...configuration, config: false, outDir: folder, logLevel: "error" });
  }
  return join(folder, "podpath.mjs");
}
