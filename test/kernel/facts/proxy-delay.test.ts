import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Network } from "../../../src/model/network.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
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

const counting = DELAYS.map((_, link) => `-A PREROUTING -i in${link} -p udp\n`).join("");

const LAB: Lab = {
  hosts: [
    {
      name: "A",
      interfaces: DELAYS.map((_, link) => ({ name: `eth${link}`, addresses: [`10.${link}.0.2/16`] })),
    },
    {
      name: "R",
      interfaces: [
        ...DELAYS.map((_, link) => ({ name: `in${link}`, addresses: [`10.${link}.0.1/24`] })),
        { name: "out0", addresses: ["10.9.0.1/24"] },
      ],
      routes: DELAYS.map((_, link) => `10.${link}.1.0/24 via 10.9.0.2`),
      sysctls: {
        "net.ipv4.ip_forward": "1",
        ...Object.fromEntries(
          DELAYS.flatMap(({ delay }, link) => [
            [`net.ipv4.conf.in${link}.proxy_arp`, "1"],
            [`net.ipv4.neigh.in${link}.proxy_delay`, String(delay)],
          ]),
        ),
      },
      rulesets: [{ text: `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${counting}COMMIT\n` }],
    },
    { name: "B", interfaces: [{ name: "eth0", addresses: ["10.9.0.2/24"] }], routes: ["default via 10.9.0.1"] },
  ],
  links: [...DELAYS.map((_, link) => [`A:eth${link}`, `R:in${link}`] as const), ["R:out0", "B:eth0"]],
};

const SEND = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for first in range(100, 100 + ${ASKED}, ${TOGETHER}):
    for link in range(${DELAYS.length}):
        for last in range(first, first + ${TOGETHER}):
            s.sendto(b"x", (f"10.{link}.1.{last}", 9))
    time.sleep(4)
`;

/** How likely podpath takes it to be that A's packet by a link gets to R. */
function inTime(network: Network, link: number): { readonly certainty: string; readonly probability: number } {
  const packet = { host: "A", src: `10.${link}.0.2`, dst: `10.${link}.1.100`, proto: "udp", sport: 4000, dport: 9 };
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
  let counted = "";
  beforeAll(async () => {
    await oracle.build(toBuildRequest(network, {}));
    await oracle.exec("A", ["python3", "-c", SEND]);
    counted = (await oracle.exec("R", ["iptables-legacy-save", "-c", "-t", "raw"])).stdout;
  }, 30_000);
  afterAll(() => oracle.close());

  it.each(DELAYS.map(({ delay, least, most }, link) => [delay, link, least, most] as const))(
    "comes in time as often as is said, with proxy_delay = %i",
    (delay, link, least, most) => {
      const answered = Number(new RegExp(`\\[(\\d+):\\d+\\] -A PREROUTING -i in${link} `).exec(counted)?.[1]);
      const { certainty, probability } = inTime(network, link);
      // Of three questions the first has three seconds for its answer, the last one.
      const late = [3, 2, 1].reduce((all, left) => all * Math.max(0, 1 - left / (delay / 100)), delay === 0 ? 0 : 1);
      expect(probability).toBeCloseTo(1 - late, 9);
      for (const times of [answered, probability * ASKED]) {
        expect(times).toBeGreaterThanOrEqual(least);
        expect(times).toBeLessThanOrEqual(most);
      }
      expect(certainty).toBe(least === ASKED ? "certain" : "branching");
    },
  );
});
