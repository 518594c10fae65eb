import { describe, expect, it } from "vitest";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";
import { networkOf } from "../kernel/harness/lab.ts";
import { routerLab } from "../kernel/harness/router-lab.ts";

/** How every packet of a connection ends that A opens to an address which a table of R besides the local one makes R's. */
function endings(target: string): readonly string[] {
  const text = `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i in0 -p tcp -j ${target}\nCOMMIT\n`;
  const router = {
    routes: ["local 10.55.0.0/16 dev lo table 100"],
    rules: ["pref 10 fwmark 7 lookup 100"],
    rulesets: [{ text }],
    listen: ["tcp/80"],
  };
  const settings = { kind: "connect", protocol: null, port: 80, sport: null, size: null, df: false } as const;
  const network = networkOf(routerLab({ router }));
  const prepared = prepareProbe(network, { from: "A", to: "10.55.0.1", ...settings });
  if ("findings" in prepared) throw new Error(prepared.findings.map(({ code }) => code).join());
  const { branches } = askProbe(network, prepared.probe);
  return branches.flatMap(({ run }) =>
    run.journeys.map(({ kind, end }) => `${kind}: ${end?.ending.outcome} ${end?.ending.text}`),
  );
}

describe("a server that hears what is for an address of others", () => {
  it("says why its SYN-ACK does not leave", () => {
    const said = new Set(endings("MARK --set-mark 7"));
    expect(said).toContain("request: delivered delivered");
    expect(said).toContain("syn-ack: dropped 10.55.0.1 is no address of R, and the socket is not transparent");
    // whether it is one, no dump tells
    expect(said).toContain("syn-ack: delivered delivered");
  });

  it("answers where it may be a transparent one, to which TPROXY has given the packet", () => {
    expect(endings("TPROXY --on-port 80 --tproxy-mark 7")).toContain("syn-ack: delivered delivered");
  });
});
