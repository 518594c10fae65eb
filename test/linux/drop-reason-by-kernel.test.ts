import { describe, expect, it } from "vitest";
import { reasonByKernel } from "../../src/linux/drop-reason-by-kernel.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { answerJson } from "../../src/report/trace-json.ts";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";

describe("a drop reason", () => {
  it.each([
    ["NETFILTER_DROP", "5.15.0-130-generic", null],
    ["NETFILTER_DROP", "5.15.57", null],
    ["NETFILTER_DROP", "5.15.58", "NETFILTER_DROP"],
    ["IP_INNOROUTES", "5.15.160", null],
    ["NETFILTER_DROP", "5.16.20", null],
    ["ICMP_CSUM", "5.18.19", null],
    ["ICMP_CSUM", "5.19.0", "ICMP_CSUM"],
    ["PKT_TOO_SMALL", "6.8.0-51-generic", null],
    ["PKT_TOO_SMALL", "6.12.57+deb13-amd64", "PKT_TOO_SMALL"],
    ["NO_SOCKET", "5.17.1", "NO_SOCKET"],
    ["NETFILTER_DROP", "5.17.1", null],
    ["NETFILTER_DROP", "5.18.0", "NETFILTER_DROP"],
    ["IP_RPFILTER", "6.1.0-28-amd64", "IP_RPFILTER"],
    ["DUP_FRAG", "6.1.0-28-amd64", null],
    ["DUP_FRAG", "6.2.0-39-generic", "DUP_FRAG"],
    ["IP_LOCAL_SOURCE", "6.8.0-51-generic", null],
    ["IP_LOCAL_SOURCE", "6.14.0", "IP_LOCAL_SOURCE"],
    ["VXLAN_VNI_NOT_FOUND", "6.12.9", null],
    ["VXLAN_VNI_NOT_FOUND", "6.12.57+deb13-amd64", "VXLAN_VNI_NOT_FOUND"],
    ["NO_TX_TARGET", "6.13.5", "VXLAN_NO_REMOTE"],
    ["NO_TX_TARGET", "6.14.0", "NO_TX_TARGET"],
    ["NETFILTER_DROP", "5.14.0-503.el9.x86_64", "NETFILTER_DROP"],
    ["NETFILTER_DROP", "4.19", null],
    ["NETFILTER_DROP", "a kernel of my own", "NETFILTER_DROP"],
    ["NETFILTER_DROP", null, "NETFILTER_DROP"],
  ] as const)("%s is to Linux %s: %s", (reason, release, named) => {
    expect(reasonByKernel(reason, release)).toBe(named);
  });

  it.each([
    ["Linux n1 5.15.0-130-generic #140-Ubuntu SMP x86_64 GNU/Linux\n", null],
    ["5.15.0-130-generic\n", null],
    ["Linux n1 6.18.44 #1 SMP x86_64 GNU/Linux\n", "NETFILTER_DROP"],
    ["iptables v1.8.7 (nf_tables)\n", "NETFILTER_DROP"],
  ])("is what the kernel of %j calls it", (versions, reason) => {
    const files = new Map([
      ["nodes/n1/ip-addr.txt", "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\n    inet 10.0.0.1/24 scope global eth0\n"],
      ["nodes/n1/iptables-legacy-save.txt", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"],
      ["nodes/n1/versions.txt", versions],
    ]);
    const { network } = readSnapshot({ name: "versions", files });
    const packet = { host: "n1", interface: "eth0", src: "10.0.0.2", dst: "10.0.0.1", proto: "udp", dport: 53 };
    const asked = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
    if ("findings" in asked) throw new Error(asked.findings[0]?.message);
    const said = createPacketSession(network).ask(asked.question);
    if ("findings" in said) throw new Error(said.findings[0]?.message);
    const branch = answerJson(said.answer).branches[0];
    expect(branch?.outcome).toBe("dropped");
    expect(branch?.reason).toBe(reason);
    expect(branch?.steps.find(({ kind }) => kind === "drop")?.["reason"]).toBe(reason);
  });
});
