import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BgpRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { reconfigureSpeaker } from "../../src/bgp/speaker/reconfigure.ts";
import type { Family } from "../../src/net/address.ts";
import { copyPacket } from "../../src/net/packet.ts";
import { encodeFrame } from "../../src/net/wire/encode-packet.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { type CapturedPacket, pcapng } from "../../src/report/pcapng.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

const available = await kernelAvailable();

const machine = (last: number): string => `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff
    inet 10.9.0.${last}/24 scope global eth0
`;

const bird = (own: number, ownAs: number, otherAs: number, more: string): string => `router id 10.9.0.${own};
protocol device { }
protocol static { route 192.168.${own}.0/26 blackhole; route 192.168.${own}.64/26 unreachable; }
protocol bgp peer { local as ${ownAs}; neighbor 10.9.0.${3 - own} as ${otherAs}; source address 10.9.0.${own};
  hold time 9; add paths on; graceful restart; graceful restart time 33; long lived graceful restart; import all;
  export filter { bgp_med = 7; bgp_path.prepend(4200000009); bgp_community.add((64512, 66));
    bgp_large_community.add((64512, 1, 2)); bgp_ext_community.add((rt, 64512, 9)); accept; };
  ${more} }
`;

const machine6 = (last: number): string => `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet6 ::1/128 scope host
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:0${last} brd ff:ff:ff:ff:ff:ff
    inet6 fd00:9::${last}/64 scope global
    inet6 fe80::${last}/64 scope link
`;

/** One of three in a row: the one in the middle reflects. */
const bird6 = (own: number, more: string): string => `router id 10.9.0.${own};
protocol device { }
protocol direct { }
${more}
`;

const session6 = (other: number, more: string): string =>
  `protocol bgp to_${other} { local as 4200000001; neighbor fd00:9::${other} as 4200000001; hold time 9; add paths on; graceful restart;
  long lived graceful restart; import all; ${more} }`;

interface Machines {
  readonly files: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly family: Family;
  /** What is done after so many seconds. */
  readonly later?: (run: BgpRun) => void;
}

/** The frames that leave all machines while sessions come up, tell their routes and keep alive. */
function captured({ files, names, family, later }: Machines): Uint8Array {
  const snapshot = readSnapshot({ name: "session", files });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  const configurations = new Map(
    [...evidence].map(([host, { birdConfigurations }]) => [
      host,
      birdConfigurations.flatMap((one) => speakerOf(one, family, null).speaker ?? []),
    ]),
  );
  const packets: CapturedPacket[] = [];
  const clock = { now: (): number => 0 };
  const run = startDaemons(snapshot.network, configurations, {
    remembersPaths: false,
    observer: {
      step: (step) => {
        if (step.kind !== "transmit") return;
        const bytes = encodeFrame(copyPacket(step.skb.packet), null, null);
        const time = clock.now() * 1_000_000;
        packets.push({ interface: names.indexOf(step.runtime.host.name), direction: "out", bytes, comment: "", time });
      },
    },
  });
  clock.now = () => run.world.now;
  runFor(run, 20);
  if (later !== undefined) {
    later(run);
    runFor(run, 5);
  }
  const ports = names.map((name) => `${name}:eth0`);
  return pcapng("test", ports, packets);
}

function tcpdump(capture: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "podpath-bgp-"));
  try {
    const file = join(folder, "session.pcapng");
    writeFileSync(file, capture);
    return execFileSync("tcpdump", ["-nvvvr", file], { encoding: "utf8", stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What tcpdump does not like. */
function complaints(said: string): readonly string[] {
  return said.split("\n").filter((line) => /bad |incorrect|wrong|truncated|malformed|invalid|\[\|/.test(line));
}

/** Its lines without octets and indentation. */
function fieldsOf(said: string): string {
  return said.replaceAll(/^\s+0x[\da-f]{4}: .*\n/gm, "").replaceAll(/^[\t ]+/gm, "");
}

test.skipIf(!available)("a capture of a simulated session reads in tcpdump as BGP, field by field", () => {
  const files = new Map([
    ["nodes/a/ip-addr.txt", machine(1)],
    ["nodes/b/ip-addr.txt", machine(2)],
    ["nodes/a/ip-route.txt", "10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.1\n"],
    ["nodes/b/ip-route.txt", "10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2\n"],
    ["nodes/a/bird.cfg", bird(1, 4200000001, 64513, "passive on;")],
    ["nodes/b/bird.cfg", bird(2, 64513, 4200000001, "")],
  ]);
  const said = tcpdump(captured({ files, names: ["a", "b"], family: 4 }));
  expect(complaints(said)).toEqual([]);
  const fields = fieldsOf(said);
  expect(fields).toContain(`Open Message (1), length: 70
Version 4, my AS 23456, Holdtime 9s, ID 10.9.0.1
Optional parameters, length: 41
Option Capabilities Advertisement (2), length: 39
Multiprotocol Extensions (1), length: 4
AFI IPv4 (1), SAFI Unicast (1)
Route Refresh (2), length: 0
Graceful Restart (64), length: 6
Restart Flags: [none], Restart Time 33s
AFI IPv4 (1), SAFI Unicast (1), Forwarding state preserved: no
32-Bit AS Number (65), length: 4
4 Byte AS 4200000001
Multiple Paths (69), length: 4
AFI IPv4 (1), SAFI Unicast (1), Send/Receive: Both
Enhanced Route Refresh (70), length: 0
no decoder for Capability 70
Long-lived Graceful Restart (71), length: 7
`);
  expect(fields).toContain(`Update Message (2), length: 105
Origin (1), length: 1, Flags [T]: IGP
AS Path (2), length: 10, Flags [T]: 4200000009 4200000001 
Next Hop (3), length: 4, Flags [T]: 10.9.0.1
Multi Exit Discriminator (4), length: 4, Flags [O]: 7
Community (8), length: 4, Flags [OT]: 64512:66
Extended Community (16), length: 8, Flags [OT]: 
target (0x0002), Flags [none]: 64512:9 (= 0.0.0.9)
Large Community (32), length: 12, Flags [OT]: 
64512:1:2
Updated routes:
192.168.1.0/26   Path Id: 1
192.168.1.64/26   Path Id: 1
Update Message (2), length: 23
End-of-Rib Marker (empty NLRI)
`);
  expect(said.match(/Keepalive Message \(4\), length: 19/g)?.length).toBeGreaterThan(8);
  // of the one that dials over one hop, and of the answer that its listening socket gives
  expect(said).toMatch(/tos 0xc0, ttl 1,.*\n.*10\.9\.0\.1\.179: Flags \[S\]/);
  expect(said).toMatch(/tos 0xc0, ttl 255,.*\n.*Flags \[S\.\]/);
});

test.skipIf(!available)("so does one of bird6: MP_REACH, MP_UNREACH, and what a reflector adds", () => {
  const tells = `export filter { bgp_med = 7; bgp_path.prepend(4200000009); bgp_community.add((64512, 66));
    bgp_large_community.add((64512, 1, 2)); bgp_ext_community.add((rt, 64512, 9)); accept; };`;
  const origin = "protocol static { route fd00:1:1::/64 blackhole; route fd00:1:2::/64 unreachable; }";
  const configurations = [
    bird6(1, `${origin}\n${session6(2, `passive on; ${tells}`)}`),
    bird6(
      2,
      `${session6(1, "rr client; rr cluster id 10.9.9.9; export all;")}\n${session6(3, "rr client; rr cluster id 10.9.9.9; export all; passive on;")}`,
    ),
    bird6(3, session6(2, "export none;")),
  ];
  const names = ["a", "b", "c"];
  const files = new Map(
    names.flatMap((name, index) => [
      [`nodes/${name}/ip-addr.txt`, machine6(index + 1)] as const,
      [
        `nodes/${name}/ip-route-v6.txt`,
        "fd00:9::/64 dev eth0 proto kernel metric 256 pref medium\nfe80::/64 dev eth0 proto kernel metric 256 pref medium\n",
      ] as const,
      [`nodes/${name}/bird6.cfg`, configurations[index] ?? ""] as const,
    ]),
  );
  const withdraws = (run: BgpRun): void => {
    for (const speaker of run.speakers.get("a") ?? []) {
      const { configuration } = speaker;
      const protocols = configuration.protocols.map((item) =>
        item.type === "static" ? { ...item, routes: item.routes.slice(1) } : item,
      );
      reconfigureSpeaker(speaker, { ...configuration, protocols });
    }
  };
  const said = tcpdump(captured({ files, names, family: 6, later: withdraws }));
  expect(complaints(said)).toEqual([]);
  const fields = fieldsOf(said);
  expect(fields).toContain("Multiple Paths (69), length: 4\nAFI IPv6 (2), SAFI Unicast (1), Send/Receive: Both\n");
  expect(fields).toContain(
    "Graceful Restart (64), length: 6\nRestart Flags: [none], Restart Time 120s\nAFI IPv6 (2), SAFI Unicast (1), Forwarding state preserved: no\n",
  );
  // what the reflector told of it: with whom it began, and through which cluster it came
  expect(fields).toContain(`Update Message (2), length: 160
Origin (1), length: 1, Flags [T]: IGP
AS Path (2), length: 6, Flags [T]: 4200000009 
Multi Exit Discriminator (4), length: 4, Flags [O]: 7
Local Preference (5), length: 4, Flags [T]: 100
Community (8), length: 4, Flags [OT]: 64512:66
Originator ID (9), length: 4, Flags [O]: 10.9.0.1
Cluster List (10), length: 4, Flags [O]: 10.9.9.9
Multi-Protocol Reach NLRI (14), length: 60, Flags [O]: 
AFI: IPv6 (2), SAFI: Unicast (1)
nexthop: fd00:9::1, nh-length: 16, no SNPA
fd00:9::/64   Path Id: 2
fd00:1:1::/64   Path Id: 3
fd00:1:2::/64   Path Id: 3
Extended Community (16), length: 8, Flags [OT]: 
target (0x0002), Flags [none]: 64512:9 (= 0.0.0.9)
Large Community (32), length: 12, Flags [OT]: 
64512:1:2
`);
  expect(fields).toContain(`Update Message (2), length: 42
Multi-Protocol Unreach NLRI (15), length: 16, Flags [O]: 
AFI: IPv6 (2), SAFI: Unicast (1)
fd00:1:1::/64   Path Id: 2
`);
  expect(fields).toContain("AFI: IPv6 (2), SAFI: Unicast (1)\nEnd-of-Rib Marker (empty NLRI)\n");
});
