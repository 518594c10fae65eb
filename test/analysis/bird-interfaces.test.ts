import { expect, test } from "vitest";
import { birdInterfaces } from "../../src/analysis/bird-interfaces.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 172.16.0.11/24 scope global eth0
    inet6 fd00::11/64 scope global
    inet6 fe80::11/64 scope link
`;
const LISTED = `BIRD 1.6.8 ready.
lo up (index=1)
\tMultiAccess AdminUp LinkUp Loopback Ignored MTU=65536
\t127.0.0.1/8 (Primary, scope host)
eth0 up (index=2)
\tMultiAccess Broadcast Multicast AdminUp LinkUp MTU=1500
\t172.16.0.11/24 (Primary, scope site)
`;

function told(listed: string, addresses = ADDRESSES): readonly string[] {
  const files = new Map([
    ["nodes/n1/birdc-protocols.txt", listed],
    ["nodes/n1/ip-addr.txt", addresses],
  ]);
  const snapshot = readSnapshot({ name: "snapshot", files });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  return birdInterfaces(snapshot.network, evidence).map(({ line, message }) => `${line} ${message.split(":")[0]}`);
}

test("BIRD's interfaces that are those of ip addr give no finding, whichever family it lists", () => {
  expect(told(LISTED)).toEqual([]);
  expect(told(LISTED.replace("172.16.0.11/24", "fd00::11/64").replace(/.*127.*\n/, ""))).toEqual([]);
});

test("an address, an MTU and an interface that only one of them has are told at their lines", () => {
  expect(told(LISTED.replace("172.16.0.11/24", "172.16.0.12/24"))).toEqual([
    "7 BIRD on n1 has 172.16.0.12/24 on eth0, and ip addr does not",
    "5 ip addr of n1 has 172.16.0.11/24 on eth0, and BIRD does not",
  ]);
  expect(told(LISTED.replace("MTU=1500", "MTU=1480"))).toEqual([
    "5 BIRD on n1 has eth0 with an MTU of 1480, and ip addr says 1500",
  ]);
  expect(told(LISTED.replace("eth0 up", "eth1 up"))).toEqual([
    "5 BIRD on n1 lists an interface eth1, and ip addr does not",
  ]);
});
