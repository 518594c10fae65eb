import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Interface } from "../../../../src/model/interface.ts";
import type { Packet } from "../../../../src/net/packet.ts";
import { address, bench, frame, holds } from "./bench-host.ts";

interface SentPacket extends Partial<Omit<Packet, "src" | "dst">> {
  readonly src: string;
  readonly dst: string;
}
interface Recording {
  readonly rules: readonly string[];
  readonly packets: readonly { readonly packet: SentPacket; readonly matched: readonly number[] }[];
}

const recorded: Readonly<Record<"ipv4" | "ipv6", Recording>> = JSON.parse(
  readFileSync(new URL("kernel-verdicts.json", import.meta.url), "utf8"),
);

const eth0: Interface = {
  name: "eth0",
  index: 2,
  kind: "physical",
  mac: "02:00:00:00:00:01",
  mtu: 1500,
  up: true,
  carrier: true,
  addresses: [],
  master: null,
  peerIndex: 0,
  lower: null,
  noArp: false,
  vxlan: null,
  bridge: null,
  bridgePort: null,
  vlanId: null,
  ipip: null,
  origin: 0,
};

/** Whether the rule matches; "asked" where podpath cannot know. */
function verdict(rule: string, { src, dst, ...fields }: SentPacket): boolean | "asked" {
  const on = bench();
  const rest = { input: eth0, sourceMac: "02:00:00:00:00:02" };
  const matches = holds(rule, frame({ ...BARE, ...fields, src: address(src), dst: address(dst) }, rest), on);
  return on.asked.length > 0 ? "asked" : matches;
}

/** The bench's packet is a TCP SYN; what was sent says itself what it is. */
const BARE: Partial<Packet> = { sport: 0, dport: 0, flags: 0 };

/** Rules that rest on headers alone: no packet may leave them open. */
const CERTAIN =
  /-m (?:ecn|policy|sctp|ipv6header|hbh|dst|rt|eui64|hashlimit|quota)\b|-m u32 .*"(?:6|7|8|12|16|24|1000)[&>=](?!.*@)/;

describe.each(["ipv4", "ipv6"] as const)("matches against the kernel's verdicts, %s", (family) => {
  const { rules, packets } = recorded[family];
  it.each(rules)("%s", (rule) => {
    const index = rules.indexOf(rule);
    for (const { packet, matched } of packets) {
      const mine = verdict(rule, packet);
      const open = mine === "asked" && !CERTAIN.test(rule);
      if (!open) expect([packet, mine]).toEqual([packet, matched.includes(index)]);
    }
  });

  it("leaves few questions open", () => {
    let asked = 0;
    for (const rule of rules) {
      for (const { packet } of packets) if (verdict(rule, packet) === "asked") asked++;
    }
    expect(asked / (rules.length * packets.length)).toBeLessThan(0.15);
  });
});
