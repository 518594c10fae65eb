import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../docs/root.ts";
import { folder, podpath } from "./command.ts";

const CLUSTER = join(ROOT, "examples/three-nodes/cluster");
const part = (name: string): string => readFileSync(join(CLUSTER, `${name}.yaml`), "utf8");
const ALL = ["nodes", "kubeadm", "calico", "policy", "workloads"].map(part).join("\n---\n");
const PODS = /pod\/default\/left-\S+ +192\.168\.226\.64/;

describe("a cluster in one file with its nodes", () => {
  test("may have any name, alone in its folder or given itself", async () => {
    const path = folder({ "everything.yaml": ALL });
    for (const network of [path, join(path, "everything.yaml")]) {
      const { code, out } = await podpath(["check", network]);
      expect(code).toBe(0);
      expect(out).toMatch(PODS);
      expect(out).toContain("Nothing to complain about");
    }
  });

  test("may come from standard input", async () => {
    const { code, out } = await podpath(["check", "-"], ALL);
    expect(code).toBe(0);
    expect(out).toMatch(PODS);
  });

  test("that is wrong is told as what it is", async () => {
    const text = "apiVersion: podpath/v1\nkind: ClusterNodes\nnodes: [a, b]\n";
    const path = join(folder({ "wrong.yaml": text }), "wrong.yaml");
    const { code, err } = await podpath(["check", path]);
    expect(code).toBe(2);
    expect(err).toContain("wrong.yaml:3:8: nodes is a list. Expected a mapping of nodes by name");
    expect(err).not.toContain("no dump");
  });
});
