import { readFileSync } from "node:fs";

/** The parts of the scripts that `podpath collect` prints. The build puts their texts here (tsdown.config.ts). */
export const PRELUDE = text("prelude.sh");
export const NODE = text("node.sh");
export const CLUSTER = text("cluster.sh");

function text(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}
