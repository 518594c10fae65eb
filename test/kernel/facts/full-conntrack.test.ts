import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { withHost } from "../harness/podpath-network.ts";

const MAX = "/proc/sys/net/netfilter/nf_conntrack_max";

/** One limit for all namespaces, each of which has a count of its own: no other lab comes near this one. */
const ROOM = 30_000;

function mayLimit(): boolean {
  try {
    accessSync(MAX, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const available = (await kernelAvailable()) && mayLimit();

/** B answers nothing. */
const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: [{ name: "eth0", addresses: ["10.0.0.1/24"] }],
      rulesets: [
        {
          text: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m conntrack --ctstate NEW\nCOMMIT\n",
        },
      ],
    },
    {
      name: "B",
      interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24"] }],
      rulesets: [
        { text: "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -p udp -j DROP\nCOMMIT\n" },
      ],
    },
  ],
  links: [["A:eth0", "B:eth0"]],
  staticNeighbours: true,
};

/** Sends a datagram each from 200 ports, and counts what becomes of them. */
const SEND = `
import errno, json, socket
said = {}
for port in range(20000, 20200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.0.1", port))
    try:
        s.sendto(b"x", ("10.0.0.2", 7))
        word = "sent"
    except OSError as error:
        word = errno.errorcode[error.errno]
    said[word] = said.get(word, 0) + 1
print(json.dumps(said))
`;

/** Entries as `conntrack -R` loads them. */
const ENTRIES = `
import sys
for port in range(1024, 1024 + int(sys.argv[1])):
    print(f"-A -s 10.9.0.1 -d 10.9.0.2 -p udp --sport {port} --dport 53 -r 10.9.0.2 -q 10.9.0.1"
          f" --reply-port-src 53 --reply-port-dst {port} -t 600 -u {sys.argv[2]}")
`;

describe.skipIf(!available)("a connection table that is full", () => {
  const oracle = new Oracle();
  const network = networkOf(LAB);
  let before = "";
  const run = async (command: string): Promise<string> => (await oracle.exec("A", ["sh", "-c", command])).stdout;
  beforeAll(async () => {
    before = readFileSync(MAX, "utf8");
    await oracle.build(toBuildRequest(network, {}));
  });
  afterAll(async () => {
    await oracle.close();
  });

  /** With so many entries of a status: what the kernel does, and its dumps. */
  async function full(status: string, limit: number): Promise<{ said: unknown; list: string; count: string }> {
    await run("conntrack -F");
    await oracle.exec("A", [
      "sh",
      "-c",
      'file=$(mktemp); python3 -c "$0" "$1" "$2" > $file; conntrack -R $file; rm $file',
      ENTRIES,
      String(ROOM),
      status,
    ]);
    const list = await run("conntrack -L");
    const count = (await run("sysctl -n net.netfilter.nf_conntrack_count")).trim();
    writeFileSync(MAX, String(limit));
    try {
      return { said: JSON.parse((await oracle.exec("A", ["python3", "-c", SEND])).stdout), list, count };
    } finally {
      writeFileSync(MAX, before);
    }
  }

  /** What podpath says of one of the datagrams, by the sysctls and, if there is one, the list. */
  function said(list: string | null, count: string, limit: number): readonly string[] {
    const told = { "net.netfilter.nf_conntrack_count": count, "net.netfilter.nf_conntrack_max": String(limit) };
    const changed = withHost(network, "A", {
      sysctls: new Map([...(network.hosts.get("A")?.sysctls ?? []), ...Object.entries(told)]),
      dumpedSysctls: new Set(Object.keys(told)),
      conntrack: list === null ? [] : readConntrack(list, "conntrack.txt", originTable()).records,
    });
    const parsed = parsePacketLine(
      '{"host":"A","src":"10.0.0.1","dst":"10.0.0.2","proto":"udp","sport":20000,"dport":7}',
      {
        file: "test",
        line: 1,
      },
    );
    if ("findings" in parsed) throw new Error("no packet");
    const asked = createPacketSession(changed).ask(parsed.question);
    if ("findings" in asked) throw new Error("not asked");
    const { certainty, branches } = asked.answer;
    return [certainty, ...branches.map(({ run: { journeys, first } }) => journeys[first]?.error ?? "sent").sort()];
  }

  it("drops what would be a new connection where all are assured", async () => {
    const { said: kernel, list, count } = await full("SEEN_REPLY,ASSURED", ROOM);
    expect(kernel).toEqual({ EPERM: 200 });
    expect(said(list, count, ROOM)).toEqual(["certain", "EPERM"]);
  });

  it("drops another one, or the packet, where they are not: by a secret hash", async () => {
    const { said: kernel, list, count } = await full("UNSET", ROOM);
    expect(kernel).toEqual({ sent: expect.any(Number), EPERM: expect.any(Number) });
    expect(said(list, count, ROOM)).toEqual(["uncertain", "EPERM", "sent"]);
    // Nobody knows what those are that are only counted.
    expect(said(null, count, ROOM)).toEqual(["uncertain", "EPERM", "sent"]);
  });

  it("has room for as many as the limit says", async () => {
    const limit = ROOM + 200;
    const { said: kernel, list, count } = await full("SEEN_REPLY,ASSURED", limit);
    expect(kernel).toEqual({ sent: 200 });
    expect([said(list, count, limit), said(null, count, limit)]).toEqual([
      ["certain", "sent"],
      ["certain", "sent"],
    ]);
  });
});
