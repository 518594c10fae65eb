import { describe, expect, it } from "vitest";
import { buildNetwork } from "../../src/model/build-network.ts";
import { host } from "../../src/model/host.ts";
import { networkInterface } from "../../src/model/interface.ts";
import { nextHop, route } from "../../src/model/route.ts";
import { rule } from "../../src/model/ruleset.ts";
import { ipv4 } from "../../src/net/address.ts";

const eth0 = networkInterface({ name: "eth0", mac: "02:00:00:00:00:01" });

function codes(fields: Parameters<typeof buildNetwork>[0]): readonly string[] {
  return buildNetwork(fields).findings.map((finding) => finding.code);
}

describe("putting a Network together", () => {
  it("finds nothing in one whose parts refer to each other", () => {
    const node = host({
      name: "n1",
      interfaces: new Map([["eth0", eth0]]),
      routes: [
        route({ destination: { address: ipv4(0x0a000000), length: 8 }, nextHops: [nextHop({ interface: "eth0" })] }),
      ],
    });
    const link = { name: "lan", members: [{ host: "n1", interface: "eth0" }], closed: false, mtu: null, origin: 0 };
    expect(codes({ hosts: new Map([["n1", node]]), links: [link] })).toEqual([]);
  });

  it("names a next hop whose interface does not exist, and keeps the route", () => {
    const node = host({
      name: "n1",
      routes: [
        route({ destination: { address: ipv4(0x0a000000), length: 8 }, nextHops: [nextHop({ interface: "eth9" })] }),
      ],
    });
    const built = buildNetwork({ hosts: new Map([["n1", node]]) });
    expect(built.findings.map((finding) => finding.code)).toEqual(["missing-interface"]);
    expect(built.network.hosts.get("n1")?.routes).toHaveLength(1);
  });

  it("names host bits, a bad MAC address, an MTU no device takes and a missing master", () => {
    const odd = networkInterface({ name: "eth0", mac: "02-00", mtu: 10, master: "br0" });
    const node = host({
      name: "n1",
      interfaces: new Map([["eth0", odd]]),
      routes: [route({ destination: { address: ipv4(0x0a000001), length: 8 } })],
    });
    expect(codes({ hosts: new Map([["n1", node]]) })).toEqual(["mac-address", "mtu", "missing-master", "host-bits"]);
  });

  it("names a jump to a chain that does not exist", () => {
    const chain = {
      name: "INPUT",
      policy: "ACCEPT" as const,
      rules: [rule({ target: { kind: "jump", chain: "gone" } })],
      counters: null,
      origin: 0,
    };
    const table = { name: "filter" as const, chains: new Map([["INPUT", chain]]) };
    const node = host({
      name: "n1",
      rulesets: [{ family: 4, backend: "nft", tables: new Map([["filter", table]]) }],
    });
    expect(codes({ hosts: new Map([["n1", node]]) })).toEqual(["missing-chain"]);
  });

  it("names an interface that is on two links, and one that nobody has", () => {
    const node = host({ name: "n1", interfaces: new Map([["eth0", eth0]]) });
    const link = (name: string, device: string) => ({
      name,
      members: [{ host: "n1", interface: device }],
      closed: true,
      mtu: null,
      origin: 0,
    });
    const links = [link("a", "eth0"), link("b", "eth0"), link("c", "eth1")];
    expect(codes({ hosts: new Map([["n1", node]]), links })).toEqual(["two-links", "missing-interface"]);
  });
});
