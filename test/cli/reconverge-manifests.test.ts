import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folder, podpath } from "./command.ts";

const EXAMPLE = "examples/three-nodes";

/** The example with another `nodes.yaml`. */
function withMachines(change: (text: string) => string): string {
  const files = readdirSync(join(EXAMPLE, "cluster")).map((name) => {
    const text = readFileSync(join(EXAMPLE, "cluster", name), "utf8");
    return [`cluster/${name}`, name === "nodes.yaml" ? change(text) : text] as const;
  });
  const scenario = readFileSync(join(EXAMPLE, "scenario.yaml"), "utf8");
  return folder(Object.fromEntries([["scenario.yaml", scenario], ...files]));
}

const WORKER = "worker-1: {addresses: [172.16.0.10/24]}";

/** worker-1 drops what comes to or from port 179. */
function blocked(text: string): string {
  const rules = ["--dport 179", "--sport 179"].map((port) => `      -A INPUT -p tcp ${port} -j DROP\n`).join("");
  return text.replace(
    WORKER,
    `worker-1:\n    addresses: [172.16.0.10/24]\n    firewall: |\n      *filter\n      :INPUT ACCEPT [0:0]\n${rules}      COMMIT`,
  );
}

describe("run --reconverge of manifests", () => {
  test("brings the sessions and routes that are assumed without it", async () => {
    const { code, out } = await podpath(["run", "--reconverge", EXAMPLE]);
    expect(out).toContain("same routes, same rules, same BGP sessions");
    expect(code).toBe(0);
  });

  test("keeps sessions down whose packets a node's own rule drops, and pods apart that need their routes", async () => {
    const path = withMachines(blocked);
    expect((await podpath(["run", path, "--bgp", "assume"])).out).not.toContain("only the default");
    const { code, out } = await podpath(["run", "--reconverge", path]);
    expect(code).toBe(1);
    expect(out).toMatch(/worker-1 → 172\.16\.0\.11 \(worker-2\) +Established +\S/);
    expect(out).not.toMatch(/worker-2 → 172\.16\.0\.9 \(control-plane\) +Established/);
    expect(out).toContain("192.168.133.192/26 via 172.16.0.11 dev eth0 proto bird");
    expect(out).toMatch(/was rejected on host\/gw: no route to the destination/);
  });
});
