import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/model/network.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const FAMILIES = [4, 6] as const;

/** `proxy_qlen` of each link. */
const LENGTHS = [0, 1, 3, 12] as const;

/** Beyond those that find room. */
const MORE = 5;

/** Who stands in answers within 2.5 s; who asks does so once, and waits for 3 s. */
const PROXY_DELAY = "250";
const ASKING = { mcast_solicit: "1", retrans_time_ms: "3000" };

const places = FAMILIES.flatMap((family) => LENGTHS.map((length, link) => ({ family, length, link })));

const source = (family: 4 | 6, link: number): string => (family === 4 ? `10.${link}.0.2` : `fd00:${link}::2`);
const target = (family: 4 | 6, link: number, last: number): string =>
  family === 4 ? `10.${link}.1.${100 + last}` : `fd00:${link}::1:${(100 + last).toString(16)}`;

const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n${LENGTHS.map((_, link) => `-A PREROUTING -i in${link} -p udp\n`).join("")}COMMIT\n`;

/** A asks on a link for each length; R stands in for all whom it asks for, who are B. */
const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: LENGTHS.map((_, link) => ({
        name: `eth${link}`,
        addresses: [`10.${link}.0.2/16`, `fd00:${link}::2/64`, "fe80::2/64"],
      })),
      sysctls: Object.fromEntries(
        places.flatMap(({ family, link }) =>
          Object.entries(ASKING).map(([key, value]) => [`net.ipv${family}.neigh.eth${link}.${key}`, value]),
        ),
      ),
    },
    {
      name: "R",
      interfaces: [
        ...LENGTHS.map((_, link) => ({
          name: `in${link}`,
          addresses: [`10.${link}.0.1/24`, `fd00:${link}::1/112`, "fe80::1/64"],
        })),
        { name: "out0", addresses: ["10.9.0.1/24", "fd00:9::1/64", "fe80::1/64"] },
      ],
      routes: LENGTHS.flatMap((_, link) => [
        `10.${link}.1.0/24 via 10.9.0.2`,
        `-6 fd00:${link}::1:0/112 via fd00:9::2`,
      ]),
      neighbours: LENGTHS.flatMap((length, link) =>
        Array.from({ length: length + 1 + MORE }, (_, last) => `proxy ${target(6, link, last)} in${link}`),
      ),
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv6.conf.all.forwarding": "1",
        ...Object.fromEntries(
          LENGTHS.flatMap((_, link) => [
            [`net.ipv4.conf.in${link}.proxy_arp`, "1"],
            [`net.ipv6.conf.in${link}.proxy_ndp`, "1"],
          ]),
        ),
        ...Object.fromEntries(
          places.flatMap(({ family, length, link }) => [
            [`net.ipv${family}.neigh.in${link}.proxy_delay`, PROXY_DELAY],
            [`net.ipv${family}.neigh.in${link}.proxy_qlen`, String(length)],
          ]),
        ),
      },
      rulesets: FAMILIES.map((family) => ({ family, text: raw })),
    },
    { name: "B", interfaces: [{ name: "eth0", addresses: ["10.9.0.2/24", "fd00:9::2/64", "fe80::2/64"] }] },
  ],
  links: [...LENGTHS.map((_, link) => [`A:eth${link}`, `R:in${link}`] as const), ["R:out0", "B:eth0"]],
};

const SEND = `
import json, socket, sys
for family, to in json.loads(sys.argv[1]):
    s = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    for one in to:
        s.sendto(b"x", (one, 9))
`;

/** What podpath says of A's packets to so many addresses at one time: how surely, and in which branches they get to R. */
function said(network: Network, family: 4 | 6, link: number, count: number): readonly string[] {
  const session = createPacketSession(network);
  return Array.from({ length: count }, (_, last) => {
    const to = { host: "A", src: source(family, link), dst: target(family, link, last), proto: "udp", dport: 9 };
    const parsed = parsePacketLine(JSON.stringify({ ...to, sport: 4000, fresh: last === 0 }), {
      file: "test",
      line: 1,
    });
    if ("findings" in parsed) throw new Error("no packet");
    const asked = session.ask(parsed.question);
    if ("findings" in asked) throw new Error("not asked");
    const { certainty, branches } = asked.answer;
    const ends = branches.map(({ run: { journeys, first } }) =>
      journeys[first]?.end?.host === "A" ? "lost" : "there",
    );
    return [certainty, ...ends.sort()].join(" ");
  });
}

/** pneigh_enqueue() */
describe.skipIf(!available)("questions that wait to be answered for somebody else", () => {
  const oracle = new Oracle();
  const network = networkOf(LAB);
  const counted = new Map<4 | 6, string>();
  beforeAll(async () => {
    await oracle.build(toBuildRequest(network, {}));
    const told = places.map(({ family, length, link }) => [
      family,
      Array.from({ length: length + 1 + MORE }, (_, last) => target(family, link, last)),
    ]);
    // Devices that have come up just now hear no multicast of IPv6 yet, and nobody is asked a second time.
    await Promise.all(LENGTHS.map((_, link) => oracle.exec("A", ["ping", "-6", "-c1", "-w9", `fd00:${link}::1`])));
    const sent = await oracle.exec("A", ["python3", "-c", SEND, JSON.stringify(told)]);
    if (sent.code !== 0) throw new Error(sent.stderr);
    await oracle.exec("A", ["sleep", "3.5"]);
    for (const [family, command] of [
      [4, "iptables-legacy-save"],
      [6, "ip6tables-legacy-save"],
    ] as const) {
      counted.set(family, (await oracle.exec("R", [command, "-c", "-t", "raw"])).stdout);
    }
  });
  afterAll(() => oracle.close());

  it.each(places)("are proxy_qlen and one more at a time: IPv$family, $length", ({ family, length, link }) => {
    const [, text] = new RegExp(`\\[(\\d+):\\d+\\] -A PREROUTING -i in${link} `).exec(counted.get(family) ?? "") ?? [];
    const answered = Number(text);
    expect(answered).toBeGreaterThanOrEqual(length + 1);
    // One of them may draw so short a time that it makes room.
    expect(answered).toBeLessThanOrEqual(length + 2);
    const known = Array.from({ length: length + 1 }, () => "certain there");
    expect(said(network, family, link, length + 2)).toEqual([...known, "uncertain lost there"]);
  });
});
