import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import type { SendOptions } from "../../../src/linux/runtime.ts";
import { type Packet, packet } from "../../../src/net/packet.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { ACK, SYN } from "../../../src/net/tcp-flags.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";

const available = await kernelAvailable();
const SCRIPT = fileURLToPath(new URL("../harness/redirected-sockets.py", import.meta.url));

/** By family and case: whether A follows, in turn. */
const seen = z.record(z.string(), z.record(z.string(), z.array(z.boolean())));

const ROUTER = { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1" };
const HOST = { "net.ipv4.conf.all.accept_redirects": "1", "net.ipv6.conf.all.accept_redirects": "1" };

/** What the script builds. */
const lab: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: [{ name: "lan", addresses: ["10.0.0.2/24", "fd00::2/64", "fe80::2/64"] }],
      routes: ["default via 10.0.0.1", "-6 default via fe80::1 dev lan"],
      sysctls: HOST,
    },
    {
      name: "R1",
      interfaces: [{ name: "lan", addresses: ["10.0.0.1/24", "fd00::1/64", "fe80::1/64"] }],
      routes: ["default via 10.0.0.3", "-6 default via fe80::3 dev lan"],
      sysctls: ROUTER,
    },
    {
      name: "R2",
      interfaces: [
        { name: "lan", addresses: ["10.0.0.3/24", "fd00::3/64", "fe80::3/64"] },
        { name: "lo", addresses: ["10.0.2.2/32", "fd02::2/128"] },
      ],
      sysctls: ROUTER,
    },
  ],
  links: [],
  segments: [{ name: "lan", members: ["A:lan", "R1:lan", "R2:lan"] }],
  staticNeighbours: true,
};

/** Whether podpath's A follows the redirect about a packet that one of its sockets sends; both where nobody can say. */
function ours(family: 4 | 6, fields: Partial<Packet> & Pick<Packet, "protocol">, options: Partial<SendOptions> = {}) {
  const follows = [0, 1].map((taken) => {
    const made = networkOf(lab);
    // The oracle's raw sockets are not there.
    const hosts = new Map([...made.hosts].map(([name, host]) => [name, { ...host, sockets: [] }]));
    const world = createWorld({ ...made, hosts }, { choose: ({ kind }) => (kind === "unknown" ? taken : 0) });
    const runtime = runtimeOf(world, "A");
    if (runtime === null) throw new Error("no A");
    const [src, dst] = family === 4 ? ["10.0.0.2", "10.0.2.2"] : ["fd00::2", "fd02::2"];
    const ends = { src: address(src), dst: address(dst), sport: 4000, dport: 80 };
    originate(world, runtime, packet({ ...ends, ...fields }), { kind: "request", cause: null, ...options });
    settle(world);
    return runtime.exceptions !== null;
  });
  return [...new Set(follows)].sort();
}

describe.skipIf(!available)("sockets that are redirected, as the kernel's are", () => {
  it("follow where they hear of it: unbound datagrams of IPv6 and SYN-ACKs do not, connections once their program's call is over", () => {
    const { stdout, stderr } = spawnSync("unshare", ["--net", "python3", SCRIPT], { encoding: "utf8" });
    expect(stderr).toBe("");
    const kernel = seen.parse(JSON.parse(stdout));
    for (const family of [4, 6] as const) {
      const of = (name: string, turn: number) => kernel[family]?.[name]?.[turn];
      const datagram = { protocol: UDP };
      const segment = { protocol: TCP, flags: ACK };
      expect([of("datagram", 0)]).toEqual(ours(family, datagram));
      expect([of("connected datagram", 0)]).toEqual(ours(family, datagram));
      expect([of("bound datagram", 0)]).toEqual(ours(family, datagram, { boundInterface: "lan" }));
      // Whether the redirect comes within the program's call, the kernel's softirq decides.
      for (const name of ["client", "client of a slow router"]) {
        expect(ours(family, { protocol: TCP, flags: SYN })).toContain(of(name, 0));
      }
      expect([of("server", 0)]).toEqual(ours(family, { protocol: TCP, flags: SYN | ACK }, { kind: "syn-ack" }));
      expect([of("server", 1)]).toEqual(ours(family, segment, { kind: "ack" }));
      expect([of("client", 2)]).toEqual(ours(family, segment, { kind: "ack" }));
      expect(ours(family, segment, { kind: "data" })).toContain(of("client", 1));
    }
  });
});
