import { describe, expect, it } from "vitest";
import { ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../src/net/protocol.ts";
import { type ProbeKind, prepareProbe } from "../../src/trace/probe.ts";
import { networkOf } from "../kernel/harness/lab.ts";
import { routerLab } from "../kernel/harness/router-lab.ts";

const network = networkOf(routerLab({}));

function settled(kind: ProbeKind | null, protocol: number | null, port: number | null): readonly unknown[] {
  const fields = { from: "R", to: "10.0.1.2", sport: null, size: null, df: false };
  const prepared = prepareProbe(network, { ...fields, kind, protocol, port });
  if ("findings" in prepared) return prepared.findings.map(({ code }) => code);
  return [prepared.probe.kind, prepared.probe.protocol];
}

describe("the protocol of a probe", () => {
  it("chooses the program, where one sends it", () => {
    expect(settled(null, TCP, 80)).toEqual(["connect", TCP]);
    expect(settled(null, UDP, 80)).toEqual(["request", UDP]);
    expect(settled(null, ICMPV6, null)).toEqual(["ping", ICMP]);
    expect(settled(null, SCTP, 80)).toEqual(["connect", SCTP]);
    expect(settled(null, SCTP, null)).toEqual(["port-missing"]);
    expect(settled("traceroute", SCTP, 80)).toEqual(["traceroute", SCTP]);
  });

  it("is refused where no program sends it, instead of asking about another one", () => {
    expect(settled("request", SCTP, 80)).toEqual(["protocol-without-program"]);
    expect(settled(null, UDPLITE, 80)).toEqual(["protocol-without-program"]);
    expect(settled("request", TCP, 80)).toEqual(["protocol-without-program"]);
  });
});
