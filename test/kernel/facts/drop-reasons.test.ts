import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { DROP_FIDELITY } from "../../../src/linux/datapath-fidelity.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";

const available = await kernelAvailable();

/** What the kernel itself prints beside a reason: `{ 2, "NOT_SPECIFIED" }, { 3, "NO_SOCKET" }, …`. */
function namesOfKernel(): ReadonlySet<string> {
  const format = "/sys/kernel/tracing/events/skb/kfree_skb/format";
  const show = `test -e ${format} || mount -t tracefs none /sys/kernel/tracing; cat ${format}`;
  const text = execFileSync("unshare", ["--mount", "sh", "-c", show], { encoding: "utf8" });
  return new Set([...text.matchAll(/\{ \d+, "(\w+)" \}/g)].map(([, name = ""]) => name));
}

describe.skipIf(!available)("drop reasons", () => {
  it("have the names that the kernel has for them", () => {
    const names = namesOfKernel();
    expect(names.size).toBeGreaterThan(50);
    expect(Object.keys(DROP_FIDELITY).filter((name) => !names.has(name))).toEqual([]);
  });
});
