import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "../../src/cli/program.ts";
import { ROOT } from "../docs/root.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "podpath-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

async function podpath(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  async function* nothing(): AsyncIterable<unknown> {}
  const code = await runCommand(args, {
    stdout: { write: (text) => (out += text) },
    stderr: {
      write: (text) => {
        err += text;
        return true;
      },
    },
    stdin: nothing(),
    env: {},
  });
  return { code, out, err };
}

describe("a cluster of manifests", () => {
  const shop = join(FOLDER, "shop");

  test("init takes an encapsulation in small letters, and names all where it is none", async () => {
    const small = join(FOLDER, "small");
    expect((await podpath("init", small, "--encapsulation", "vxlancrosssubnet")).code).toBe(0);
    expect(readFileSync(join(small, "calico.yaml"), "utf8")).toContain("encapsulation: VXLANCrossSubnet");
    const { code, err } = await podpath("init", join(FOLDER, "none"), "--encapsulation", "gre");
    expect(code).toBe(2);
    expect(err).toContain("Allowed choices are None, IPIP, IPIPCrossSubnet, VXLAN, VXLANCrossSubnet.");
  });

  test("what is to be made sure in a cluster of manifests goes into a field of nodes.yaml", async () => {
    const sure = join(FOLDER, "sure");
    await podpath("init", sure, "--nodes", "2", "--pods", "2");
    const asked = ["trace", sure, "--from", "node/worker-1", "--to", "node/control-plane"];
    const { out } = await podpath(...asked);
    expect(out.replaceAll(/\s+/g, " ")).toMatch(
      /To be sure → on (\S+): sysctl -a, and give it as nodes\.\1\.sysctls in nodes\.yaml/,
    );
    const { next } = JSON.parse((await podpath(...asked, "--json")).out);
    expect(next).toMatchObject({ file: null, field: expect.stringMatching(/^nodes\.\S+\.sysctls in nodes\.yaml$/) });
  });

  test("is written by init, and taken by check and trace", async () => {
    expect((await podpath("init", shop, "--nodes", "2", "--pods", "2", "--encapsulation", "VXLAN")).code).toBe(0);
    const check = await podpath("check", shop);
    expect(check.code).toBe(0);
    expect(check.out).toContain("2 nodes, 4 pods");
    expect(check.out).toMatch(/^Pods on worker-1$/m);
    expect(check.out).toMatch(/^ {2}pod\/default\/web-\w+-\w+ {2}192\.168\.\d+\.\d+$/m);
    expect(check.out).not.toContain("Run these on the machine");
    const trace = await podpath("trace", shop, "--from", "node/control-plane", "--to", "service/default/web:80");
    expect(trace.out).toContain("answered");
    expect(trace.out).toContain("Deployment default/web, workloads.yaml:2");
  });

  test.each(["None", "IPIP", "VXLAN"])("with %s and IPv6 has all of its BGP sessions", async (encapsulation) => {
    const both = join(FOLDER, `both-${encapsulation}`);
    await podpath("init", both, "--dual-stack", "--encapsulation", encapsulation);
    const { code, out } = await podpath("check", both);
    expect(out).toContain("✓ Nothing to complain about");
    expect(code).toBe(0);
    const asked = await podpath("birdc", both, "worker-1", "node", "status");
    expect(asked.out.match(/fd00:1720:16::[ac] +\| node-to-node mesh \| up/g)).toHaveLength(2);
  });

  test.each(["IPIP", "IPIPCrossSubnet"])(
    "with %s and two subnets has routes to the nodes behind the router, not to the router",
    async (encapsulation) => {
      const far = join(FOLDER, `far-${encapsulation}`);
      await podpath("init", far, "--two-subnets", "--encapsulation", encapsulation, "--pods", "2");
      const pods = [...(await podpath("check", far)).out.matchAll(/pod\/default\/\S+/g)].map(([name]) => name);
      expect(pods).toHaveLength(2);
      const [from = "", to = ""] = pods;
      for (const how of ["run", "assume"]) {
        const { code, out } = await podpath("trace", far, "--bgp", how, "--from", from, "--to", to);
        expect(out).toMatch(/via 172\.16\.0\.11 dev tunl0 proto bird onlink/);
        expect(out).toContain("✓ answered");
        expect(code).toBe(0);
      }
    },
  );

  test("is not written over", async () => {
    const { code, err } = await podpath("init", shop);
    expect(code).toBe(2);
    expect(err).toContain("not an empty folder");
  });

  test("is played as a scenario, and refuses facts about dumps", async () => {
    const { code, out } = await podpath("run", join(ROOT, "examples/three-nodes"));
    expect(out).toContain("answered");
    expect(code).toBe(0);
    const refused = await podpath("check", shop, "--fact", "node1: sysctl net.ipv4.ip_forward=0");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("Say it in nodes.yaml");
  });

  test("is one file of manifests with Node objects too", async () => {
    const file = join(FOLDER, "all.yaml");
    const nodes = ["n1", "n2"].map(
      (name, i) =>
        `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nstatus: {addresses: [{type: InternalIP, address: 172.16.0.1${i}}]}\n`,
    );
    writeFileSync(
      file,
      [
        ...nodes,
        readFileSync(join(shop, "calico.yaml"), "utf8"),
        readFileSync(join(shop, "workloads.yaml"), "utf8"),
      ].join("---\n"),
    );
    const { code, out } = await podpath("check", file);
    expect(out).toContain("2 nodes, 2 pods");
    expect(out).toContain("a default route via 172.16.0.1");
    expect(code).toBe(0);
  });
});
