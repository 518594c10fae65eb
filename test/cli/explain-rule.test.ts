import { describe, expect, test } from "vitest";
import { twoNodes } from "../report/two-nodes.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const HEALTHY = `${ARTICLE}/healthy`;

interface Cause {
  readonly resource: string;
  readonly field: string;
  readonly file: string;
}
interface Said {
  readonly chains: readonly {
    readonly nodes: readonly string[];
    readonly table: string;
    readonly chain: string;
    readonly cause?: Cause;
    readonly rules: readonly {
      readonly index: number;
      readonly text: string;
      readonly owner: string | null;
      readonly file: string;
      readonly line: number;
      readonly cause?: Cause;
    }[];
  }[];
  readonly sets: readonly {
    readonly name: string;
    readonly members: readonly { readonly text: string; readonly cause?: Cause }[];
    readonly usedBy: readonly { readonly chain: string }[];
  }[];
}

async function ask(...what: readonly string[]): Promise<Said> {
  const { code, out, err } = await podpath(["explain-rule", HEALTHY, "--json", ...what]);
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out);
}

describe("podpath explain-rule", () => {
  test("leads from a rule in a dump to the field of the resource that made it", async () => {
    const { chains } = await ask("nat/KUBE-SERVICES:2", "--node", "worker-1");
    expect(chains).toHaveLength(1);
    const [rule] = chains[0]?.rules ?? [];
    expect(rule?.text).toContain("-d 10.96.0.10/32");
    expect([rule?.file, rule?.owner]).toEqual(["nodes/worker-1/iptables-nft-save.txt", "kube-proxy"]);
    expect([rule?.cause?.resource, rule?.cause?.field]).toEqual(["Service kube-system/kube-dns", "spec.clusterIP"]);
  });

  test("leads from a policy to its chains, its sets and the endpoints that it is for, node by node", async () => {
    const { chains, sets } = await ask("networkpolicy", "default/default.allow-apiserver");
    const own = chains.filter(({ cause }) => cause?.resource === "NetworkPolicy default/default.allow-apiserver");
    expect(own.map(({ chain, nodes }) => [chain.slice(0, 8), nodes])).toEqual([["cali-po-", ["worker-1", "worker-2"]]]);
    expect(new Set(own[0]?.rules.map(({ cause }) => cause?.field))).toEqual(
      new Set(["spec.egress[0]", "spec.egress[1]", "spec.egress[2]", "spec.egress[3]"]),
    );
    const endpoints = chains.filter(({ chain }) => chain.startsWith("cali-fw-"));
    expect(endpoints.map(({ cause }) => cause?.resource).sort()).toEqual([
      "Pod default/a",
      "Pod default/b",
      "Pod default/c",
      "Pod default/d",
    ]);
    expect(sets.map(({ members }) => members.map(({ cause }) => cause?.resource.slice(0, 23)))).toEqual([
      ["Pod kube-system/coredns", "Pod kube-system/coredns"],
    ]);
  });

  test("leads from a Service to the chains of its ports and endpoints on every node", async () => {
    const { chains } = await ask("Service", "kube-system/kube-dns");
    const kinds = chains.map(({ chain }) => chain.slice(0, 8)).sort();
    expect(kinds).toEqual([
      "KUBE-SEP",
      "KUBE-SEP",
      "KUBE-SEP",
      "KUBE-SEP",
      "KUBE-SEP",
      "KUBE-SEP",
      "KUBE-SER",
      "KUBE-SVC",
      "KUBE-SVC",
      "KUBE-SVC",
    ]);
    for (const { nodes } of chains) expect(nodes).toEqual(["control-plane", "worker-1", "worker-2"]);
  });

  test("tells of a set where its members are from and who asks it", async () => {
    const { sets } = await ask("cali40masq-ipam-pools");
    expect(sets[0]?.members).toEqual([expect.objectContaining({ text: "192.168.0.0/16" })]);
    expect(sets[0]?.members[0]?.cause?.resource).toBe("IPPool default-ipv4-ippool");
    expect(sets[0]?.usedBy.map(({ chain }) => chain)).toEqual(["cali-nat-outgoing"]);
  });

  test("finds rules by their text, and says whose they are where no resource made them", async () => {
    const { chains } = await ask("--", "-A INPUT -j KUBE-FIREWALL");
    expect(chains[0]?.rules.map(({ owner, cause }) => [owner, cause])).toEqual([["kubelet", undefined]]);
  });

  test("names what is close to what it does not find", async () => {
    const { code, err } = await podpath(["explain-rule", HEALTHY, "KUBE-SERVICE"]);
    expect(code).toBe(2);
    expect(err).toContain("Did you mean KUBE-SERVICES");
    expect((await podpath(["explain-rule", HEALTHY, "INPUT:99"])).err).toContain("chain INPUT has no rule 99");
    expect((await podpath(["explain-rule", HEALTHY, " "])).err).toContain("nothing was named");
    expect((await podpath(["explain-rule", HEALTHY, "INPUT", "--node", "worker-9"])).err).toContain("worker-1");
  });
});

test("explain-rule knows chains and rules of nft's own, by their names, numbers and words", async () => {
  const ruleset = `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport { 22, 6443 } accept
		jump bgp
	}
	chain bgp {
		tcp dport 179 accept
	}
}
`;
  const path = folder({ ...twoNodes(), "nodes/n2/nft-ruleset.txt": ruleset });
  const said = async (...what: readonly string[]): Promise<readonly unknown[]> => {
    const { out, err } = await podpath(["explain-rule", path, "--json", ...what]);
    expect(out, err).not.toBe("");
    return (JSON.parse(out) as Said).chains.map(({ nodes, table, chain, rules }) => [
      ...nodes,
      table,
      chain,
      ...rules.map(({ index, text, file, line }) => `${index} ${text} ${file}:${line}`),
    ]);
  };
  const place = "nodes/n2/nft-ruleset.txt";
  expect(await said("bgp")).toEqual([["n2", "inet filter", "bgp", `1 tcp dport 179 accept ${place}:9`]]);
  const second = `2 tcp dport { 22, 6443 } accept ${place}:5`;
  expect(await said("inet filter/input:2")).toEqual([["n2", "inet filter", "input", second]]);
  expect(await said("tcp dport { 22")).toEqual([["n2", "inet filter", "input", second]]);
});
