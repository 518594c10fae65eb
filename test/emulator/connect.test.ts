import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/net/address.ts";
import { TCP } from "../../src/net/protocol.ts";
import { formatTcpFlags } from "../../src/net/tcp-flags.ts";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";
import { type LabHost, networkOf } from "../kernel/harness/lab.ts";
import { routerLab } from "../kernel/harness/router-lab.ts";
import { routerLab6 } from "../kernel/harness/router-lab-6.ts";

/** A asks B's port 80 for something of `size` bytes, over R, whose link to B takes as many as are given. */
function run(family: 4 | 6, size: number, outMtu: number, ofA: Partial<LabHost> = {}) {
  const lab = family === 4 ? routerLab : routerLab6;
  const spec = lab({ outMtu });
  // B itself takes what its cable brings: only R knows better
  const hosts = spec.hosts.map((host): LabHost => {
    if (host.name === "A") return { ...host, ...ofA };
    if (host.name !== "B") return host;
    const interfaces = host.interfaces.map((device) => ({ ...device, mtu: 1500 }));
    return { ...host, interfaces, listen: ["tcp/80"] };
  });
  const network = networkOf({ ...spec, hosts });
  const prepared = prepareProbe(network, {
    from: "A",
    to: family === 4 ? "10.0.1.2" : "fd00:b::2",
    kind: null,
    protocol: TCP,
    port: 80,
    sport: 4000,
    size,
    df: false,
  });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const [branch] = askProbe(network, prepared.probe, { everyRule: false, strict: false }).branches;
  if (branch === undefined) throw new Error("no end");
  return branch.run;
}

/** What became of it, in short. */
function asked(...how: Parameters<typeof run>) {
  const { report, journeys } = run(...how);
  return {
    text: report?.text,
    sent: journeys.flatMap(({ host, local, packet }) =>
      host === "A" && local
        ? [`${formatTcpFlags(packet.flags)} ${packet.mss > 0 ? packet.mss : packet.payloadLength}`]
        : [],
    ),
    errors: journeys.flatMap(({ kind, packet }) => (kind === "icmp" ? [formatAddress(packet.src)] : [])),
  };
}

/** What a router says of its link does not come to a program. */
const DEAF: Partial<LabHost> = {
  rulesets: [
    { family: 4, backend: "legacy", text: "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p icmp -j DROP\nCOMMIT\n" },
  ],
};

describe("a TCP client that sends more than a packet takes", () => {
  it("sends as many segments as it takes, each as long as the other end and the way have room for", () => {
    expect(asked(4, 3000, 1500)).toEqual({
      text: "connected to 10.0.1.2 port 80, data both ways",
      sent: ["S 1460", "A 0", "A 1460", "A 1460", "PA 80"],
      errors: [],
    });
    expect(asked(6, 1500, 1500).sent).toEqual(["S 1440", "A 0", "A 1440", "PA 60"]);
    expect(asked(4, 1460, 1500).sent).toEqual(["S 1460", "A 0", "PA 1460"]);
  });

  it("sends shorter ones once a router has said how little its link takes", () => {
    expect(asked(4, 1460, 1300)).toEqual({
      text: "connected to 10.0.1.2 port 80, data both ways",
      sent: ["S 1460", "A 0", "PA 1460", "A 1260", "PA 200"],
      errors: ["10.0.0.1"],
    });
    expect(asked(6, 1440, 1300)).toEqual({
      text: "connected to fd00:b::2 port 80, data both ways",
      sent: ["S 1440", "A 0", "PA 1440", "A 1240", "PA 200"],
      errors: ["fd00:a::1"],
    });
  });

  it("hears nothing of its data where that error is dropped", () => {
    const { text, sent } = asked(4, 1460, 1300, DEAF);
    expect(text).toBe("connected to 10.0.1.2 port 80, but no data came back");
    expect(sent).toEqual(["S 1460", "A 0", "PA 1460"]);
  });

  it("has no answer where the end of its data alone gets through", () => {
    const { text, sent } = asked(4, 3000, 1300, DEAF);
    expect(text).toBe("connected to 10.0.1.2 port 80, but no data came back");
    expect(sent).toEqual(["S 1460", "A 0", "A 1460", "A 1460", "PA 80"]);
  });

  /** Held against the kernel by test/kernel/facts/mtu-probing.test.ts; identifications are its own to draw. */
  it("has segments cut on their way where ip_no_pmtu_disc says so, of which no two have the same identification", () => {
    const { report, journeys } = run(4, 3000, 700, { ...DEAF, sysctls: { "net.ipv4.ip_no_pmtu_disc": "1" } });
    expect(report?.text).toBe("connected to 10.0.1.2 port 80, data both ways");
    const sent = journeys.flatMap(({ host, packet }) => (host === "A" ? [packet] : []));
    expect(sent.map(({ df, payloadLength }) => [df, payloadLength])).toEqual(
      [0, 0, 1460, 1460, 80].map((length) => [false, length]),
    );
    expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
  });

  /** Held against the kernel by test/kernel/facts/mtu-probing.test.ts. */
  it("cuts it by itself where it may probe", () => {
    const probing = (mode: string) => ({ ...DEAF, sysctls: { "net.ipv4.tcp_mtu_probing": mode } });
    expect(asked(4, 1460, 700, probing("1"))).toMatchObject({
      text: "connected to 10.0.1.2 port 80, data both ways",
      sent: ["S 1460", "A 0", "PA 1460", "A 1024", "PA 436", "A 512", "A 512", "PA 436"],
    });
    expect(asked(4, 1460, 1300, probing("2")).sent).toEqual(["S 1460", "A 0", "A 1024", "PA 436"]);
    expect(asked(4, 100, 1300, probing("1")).sent).toEqual(["S 1460", "A 0", "PA 100"]);
  });
});
