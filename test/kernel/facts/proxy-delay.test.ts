import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/model/network.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** Addresses that R stands in for on each link of A's; each is asked for three times, a second apart. */
const ASKED = 60;

/** How many at a time: thrice as many questions stay below `proxy_qlen` (64), beyond which the kernel takes none more. */
const TOGETHER = 20;

/** `proxy_delay` (USER_HZ) of each link, and how many are answered in time: four standard deviations on either side. */
const DELAYS = [
  { delay: 0, least: ASKED, most: ASKED },
  { delay: 200, least: ASKED, most: ASKED },
  { delay: 600, least: 30, most: 57 },
  { delay: 60_000, least: 0, most: 4 },
] as const;

const FAMILIES = [4, 6] as const;

const source = (family: 4 | 6, link: number): string => (family === 4 ? `10.${link}.0.2` : `fd00:${link}::2`);

const counting = DELAYS.map((_, link) => `-A PREROUTING -i in${link} -p udp\n`).join("");

const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: DELAYS.map((_, link) => ({
        name: `eth${link}`,
        addresses: [`10.${link}.0.2/16`, `fd00:${link}::2/64`, "fe80::2/64"],
      })),
    },
    {
      name: "R",
      interfaces: [
        ...DELAYS.map((_, link) => ({
          name: `in${link}`,
          addresses: [`10.${link}.0.1/24`, `fd00:${link}::1/112`, "fe80::1/64"],
        })),
        { name: "out0", addresses: ["10.9.0.1/24", "fd00:9::1/64", "fe80::1/64"] },
      ],
      routes: DELAYS.flatMap((_, link) => [`10.${link}.1.0/24 via 10.9.0.2`, `-6 fd00:${link}::1:0/112 via fd00:9::2`]),
      neighbours: DELAYS.flatMap((_, link) =>
        Array.from({ length: ASKED }, (_, last) => `proxy fd00:${link}::1:${100 + last} in${link}`),
      ),
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv6.conf.all.forwarding": "1",
        ...Object.fromEntries(
          DELAYS.flatMap(({ delay }, link) => [
            [`net.ipv4.conf.in${link}.proxy_arp`, "1"],
            [`net.ipv6.conf.in${link}.proxy_ndp`, "1"],
            ...FAMILIES.map((family) => [`net.ipv${family}.neigh.in${link}.proxy_delay`, String(delay)] as const),
          ]),
        ),
      },
      rulesets: FAMILIES.map((family) => ({
        family,
        text: `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${counting}COMMIT\n`,
      })),
    },
    { name: "B", interfaces: [{ name: "eth0", addresses: ["10.9.0.2/24", "fd00:9::2/64"] }] },
  ],
  links: [...DELAYS.map((_, link) => [`A:eth${link}`, `R:in${link}`] as const), ["R:out0", "B:eth0"]],
};

const SEND = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
anycast = [socket.socket(socket.AF_INET6, socket.SOCK_STREAM) for _ in range(${DELAYS.length})]
for link, one in enumerate(anycast):
    one.setblocking(False)
    one.connect_ex((f"fd00:{link}::", 9))
for first in range(100, 100 + ${ASKED}, ${TOGETHER}):
    for link in range(${DELAYS.length}):
        for last in range(first, first + ${TOGETHER}):
            s.sendto(b"x", (f"10.{link}.1.{last}", 9))
            six.sendto(b"x", (f"fd00:{link}::1:{last}", 9))
    time.sleep(4)
`;

/** How likely podpath takes it to be that A's packet by a link gets to R. */
function inTime(
  network: Network,
  family: 4 | 6,
  link: number,
  router?: string,
): { readonly certainty: string; readonly probability: number } {
  const dst = router ?? (family === 4 ? `10.${link}.1.100` : `fd00:${link}::1:100`);
  const packet = { host: "A", src: source(family, link), dst, proto: "udp", sport: 4000, dport: 9 };
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "test", line: 1 });
  if ("findings" in parsed) throw new Error("no packet");
  const asked = createPacketSession(network).ask(parsed.question);
  if ("findings" in asked) throw new Error("not asked");
  const { certainty, branches } = asked.answer;
  const reached = branches.filter(({ run: { journeys, first } }) => journeys[first]?.end?.host !== "A");
  return { certainty, probability: reached.reduce((sum, { probability }) => sum + probability, 0) };
}

/** pneigh_enqueue(): each question is answered after a draw of up to `proxy_delay`. */
describe.skipIf(!available)("an answer for somebody else", () => {
  const oracle = new Oracle();
  const network = networkOf(LAB);
  const counted = new Map<4 | 6, string>();
  beforeAll(async () => {
    await oracle.build(toBuildRequest(network, {}));
    await oracle.exec("A", ["python3", "-c", SEND]);
    for (const [family, save] of [
      [4, "iptables-legacy-save"],
      [6, "ip6tables-legacy-save"],
    ] as const) {
      counted.set(family, (await oracle.exec("R", [save, "-c", "-t", "raw"])).stdout);
    }
  });
  afterAll(() => oracle.close());

  it.each(
    FAMILIES.flatMap((family) =>
      DELAYS.map(({ delay, least, most }, link) => [family, delay, link, least, most] as const),
    ),
  )("of IPv%i comes in time as often as is said, with proxy_delay = %i", (family, delay, link, least, most) => {
    const answered = Number(
      new RegExp(`\\[(\\d+):\\d+\\] -A PREROUTING -i in${link} `).exec(counted.get(family) ?? "")?.[1],
    );
    const { certainty, probability } = inTime(network, family, link);
    // Of three questions the first has three seconds for its answer, the last one.
    const late = [3, 2, 1].reduce((all, left) => all * Math.max(0, 1 - left / (delay / 100)), delay === 0 ? 0 : 1);
    expect(probability).toBeCloseTo(1 - late, 9);
    for (const times of [answered, probability * ASKED]) {
      expect(times).toBeGreaterThanOrEqual(least);
      expect(times).toBeLessThanOrEqual(most);
    }
    expect(certainty).toBe(least === ASKED ? "certain" : "branching");
  });

  it("waits as well for the address of whichever router, of IPv6", async () => {
    const { stdout } = await oracle.exec("A", ["ip", "-6", "neigh", "show"]);
    for (const [link, { least, most }] of DELAYS.entries()) {
      const router = formatAddress(address(`fd00:${link}::`));
      if (least === most) expect(stdout).toMatch(`${router} dev eth${link} lladdr`);
      else if (least === 0) expect(stdout).not.toMatch(`${router} dev eth${link} lladdr`);
      const { certainty, probability } = inTime(network, 6, link, router);
      expect([certainty, probability]).toEqual(Object.values(inTime(network, 6, link)));
    }
  });
});
