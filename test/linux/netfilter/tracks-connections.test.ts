import { describe, expect, it } from "vitest";
import { conntrackNeed } from "../../../src/linux/netfilter/needs-conntrack.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";

function need(...lines: readonly string[]): string | undefined {
  const text = ["*nat", ":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n");
  const { rulesets } = readIptablesSave({ text, file: "save", family: 4, backend: "legacy" }, originTable());
  return rulesets.map(conntrackNeed)[0];
}

/** Held against the kernel for every extension that it takes: test/kernel/facts/conntrack-runs.test.ts. */
describe("rules have connections tracked", () => {
  it("perhaps, where podpath does not model a target or a match, or a rule is damaged", () => {
    expect(need("-A POSTROUTING -s 10.0.0.0/8 -j SAME --to 192.0.2.1")).toBe("perhaps");
    expect(need("-A POSTROUTING -o eth0 -j FULLCONENAT")).toBe("perhaps");
    expect(need("-A POSTROUTING -m layer7 --l7proto http -j LOG")).toBe("perhaps");
    expect(need("-A POSTROUTING -s 10.0.0.0/8 -j MASQ…")).toBe("perhaps");
  });

  it("for certain, where another rule does so", () => {
    expect(need("-A POSTROUTING -j SAME --to 192.0.2.1", "-A POSTROUTING -d 10.0.0.1 -j MASQUERADE")).toBe("yes");
  });

  it("not for what is known not to, modelled or not", () => {
    const rated = "-m rateest --rateest x --rateest-gt --rateest-bps1 5bit";
    expect(need(`-A POSTROUTING ${rated} -j LOG`, "-A PREROUTING -p udp -j LOG")).toBe("no");
  });
});
