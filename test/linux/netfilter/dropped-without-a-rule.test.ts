import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { type LabHost, networkOf } from "../../kernel/harness/lab.ts";
import { routerLab } from "../../kernel/harness/router-lab.ts";

/** How the packets end that a packet through R gives rise to: the text, and the reason. */
function ends(router: Partial<LabHost>, fields: Readonly<Record<string, unknown>>): readonly unknown[] {
  const packet = { host: "R", interface: "in0", src: "10.0.0.2", proto: "udp", sport: 4000, dport: 53, ...fields };
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const network = networkOf(routerLab({ router, redirects: true }));
  const answer = createPacketSession(network).ask(parsed.question, {});
  if ("findings" in answer) throw new Error(JSON.stringify(answer.findings));
  return answer.answer.branches.flatMap(({ run }) =>
    run.journeys.flatMap(({ end }) =>
      end?.ending.outcome === "dropped" ? [[end.ending.text, end.ending.reason]] : [],
    ),
  );
}

const ruleset = (table: string): Partial<LabHost> => ({ rulesets: [{ family: 4, backend: "legacy", text: table }] });

describe("a packet that no rule drops", () => {
  it("says that NAT dropped a redirect about a translated connection", () => {
    const translated = ruleset(
      "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.0.7.7/32 -j DNAT --to-destination 10.0.0.129\nCOMMIT\n",
    );
    expect(ends(translated, { dst: "10.0.7.7" })).toContainEqual([
      "NAT drops a redirect about a translated connection",
      "NETFILTER_DROP",
    ]);
  });

  it("says that there was no route once it was changed", () => {
    const marked = ruleset("*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j MARK --set-xmark 0x1/0xffffffff\nCOMMIT\n");
    const rules = ["pref 100 fwmark 0x1 unreachable"];
    expect(ends({ ...marked, rules }, { interface: undefined, src: "10.0.1.1", dst: "10.0.1.2" })).toEqual([
      ["no route once it was changed", "NETFILTER_DROP"],
    ]);
  });
});
