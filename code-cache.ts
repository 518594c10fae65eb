import { spawnSync } from "node:child_process";

/** Runs what most people run first, so that the code cache holds what it compiles (src/cli/launch.ts). */
const TYPICAL = "trace scenarios/debian-firewall-blocks-bgp/bgp-blocked --from pod/default/a --to pod/default/c";

const { stderr, error } = spawnSync(process.execPath, ["dist/podpath.mjs", ...TYPICAL.split(" ")], {
  env: { ...process.env, PODPATH_WRITE_CODE_CACHE: "1" },
  encoding: "utf8",
});
if (error !== undefined || stderr !== "") {
  process.stderr.write(error?.message ?? stderr);
  process.exitCode = 1;
}
