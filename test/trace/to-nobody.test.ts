import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/net/address.ts";
import { prepareProbe } from "../../src/trace/probe.ts";
import { networkOf } from "../kernel/harness/lab.ts";
import { routerLab } from "../kernel/harness/router-lab.ts";

function destination(from: string, to: string): string {
  const settings = { kind: "request", protocol: null, port: 53, sport: null, size: null, df: false } as const;
  const prepared = prepareProbe(networkOf(routerLab({})), { from, to, ...settings });
  if ("findings" in prepared) throw new Error(prepared.findings.map(({ code }) => code).join());
  return formatAddress(prepared.probe.target.destination);
}

describe("a probe to 0.0.0.0", () => {
  it("goes to the sender itself, at the address that it is bound to", () => {
    expect(destination("R", "0.0.0.0")).toBe("127.0.0.1");
    expect(destination("10.0.0.1", "0.0.0.0")).toBe("10.0.0.1");
  });
});
