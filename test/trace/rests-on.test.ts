import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
import { unverifiedParts } from "../../src/trace/rests-on.ts";
import { networkOf } from "../kernel/harness/lab.ts";
import { routerLab } from "../kernel/harness/router-lab.ts";

/** The features that one packet from A to B meets when R has this rule. */
function features(rule: string): readonly string[] {
  const text = `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`;
  const network = networkOf(routerLab({ router: { rulesets: [{ text }] } }));
  const packet = { host: "R", interface: "in0", src: "10.0.0.2", dst: "10.0.1.2", proto: "udp", dport: 53 };
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "probe", line: 1 });
  if ("findings" in parsed) throw new Error("the packet is not understood");
  const said = createPacketSession(network).ask(parsed.question);
  if ("findings" in said) throw new Error("the question is not understood");
  return unverifiedParts(network, said.answer.branches).map(({ feature }) => feature);
}

describe("what an answer rests on that no kernel has confirmed", () => {
  it("names a match that podpath does not model, where a rule with it matched", () => {
    expect(features("-A FORWARD -m rateest --rateest re --rateest-lt --rateest-bps 1mbit -j DROP")).toContain(
      "match rateest",
    );
  });

  it("leaves out what the packet did not meet", () => {
    const rule = "-A FORWARD -s 10.5.0.0/16 -m rateest --rateest re --rateest-lt --rateest-bps 1mbit -j DROP";
    expect(features(rule)).not.toContain("match rateest");
  });

  it("has nothing to say about a plain rule of verified parts", () => {
    expect(features("-A FORWARD -p udp -m udp --dport 53 -j ACCEPT")).toEqual([]);
  });
});
