import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

test("the outer source of a tunnel that has none of its own is said to follow from the route", async () => {
  const files = Object.fromEntries(
    ["nodes", "kubeadm", "calico", "workloads"].map((name) => [
      `${name}.yaml`,
      readFileSync(join(ROOT, "examples/three-nodes/cluster", `${name}.yaml`), "utf8"),
    ]),
  );
  const path = folder({
    ...files,
    "calico.yaml": (files["calico.yaml"] ?? "").replace("encapsulation: None", "encapsulation: IPIP"),
  });
  const { out: listed } = await podpath(["check", path]);
  const [left = "", right = ""] = ["left", "right"].map(
    (name) => new RegExp(`pod/default/${name}-\\S+`).exec(listed)?.[0] ?? "",
  );
  const { code, out } = await podpath(["trace", path, "--from", left, "--to", right]);
  expect(code).toBe(0);
  expect(out).toContain("by tunl0 into ipencap (by route) > 172.16.0.11");
  expect(out).not.toContain("0.0.0.0 >");
  // what leaves has it
  expect(out).toContain("eth0: ipencap 172.16.0.10 > 172.16.0.11");
});
