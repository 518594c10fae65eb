import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const LAB: Lab = {
  hosts: [
    { name: "A", interfaces: [{ name: "eth0", addresses: ["10.7.0.1/24"] }] },
    { name: "B", interfaces: [{ name: "eth0", addresses: ["10.7.0.2/24", "10.8.0.2/24", "10.9.0.2/24"] }] },
  ],
  links: [["A:eth0", "B:eth0"]],
};

/** Devices of A that are no veth, each with a subnet of its own. */
const MADE = [
  "ip link add mv0 link eth0 type macvlan mode bridge && ip addr add 10.8.0.1/24 dev mv0",
  "ip link add link eth0 name mt0 type macvtap mode bridge && ip addr add 10.9.0.1/24 dev mt0",
  "ip link add ifb0 type ifb && ip addr add 10.10.0.1/24 dev ifb0",
  "ip tuntap add dev tun0 mode tun && ip addr add 10.11.0.1/24 dev tun0",
  "ip tuntap add dev tap0 mode tap && ip addr add 10.12.0.1/24 dev tap0",
  "for d in mv0 mt0 ifb0 tun0 tap0; do ip link set $d up; done",
  // The state that ip shows follows the carrier up to a second later.
  "sleep 1.5",
];

/** Who holds a tun device sees what is sent there, and the device has carrier. */
const HELD = `python3 -c '
import fcntl, os, struct, subprocess
held = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(held, 0x400454ca, struct.pack("16sH", b"tun0", 0x1001))
subprocess.run("ip -d addr > /dev/fd/3; ping -n -c1 -W1 10.11.0.2", shell=True, pass_fds=(3,), stdout=2)
seen = []
while True:
    try: seen.append(os.read(held, 2048))
    except BlockingIOError: break
print(sum(1 for one in seen if one[0] >> 4 == 4 and one[9] == 1))
' 3>&1 2>/dev/null`;

const RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/** What podpath says of a ping, by the dumps of all; `addr`: of A, instead of what it shows now. */
async function said(
  run: (host: string, command: string) => Promise<string>,
  hosts: readonly string[],
  from: string,
  dst: string,
  addr: string | null,
): Promise<readonly string[]> {
  const files = new Map<string, string>();
  for (const host of hosts) {
    const dumps = {
      "ip-addr.txt": host === "A" && addr !== null ? addr : await run(host, "ip -d addr"),
      "ip-route.txt": await run(host, "ip route show table all"),
      "ip-rule.txt": await run(host, "ip rule"),
      "iptables-legacy-save.txt": RULES,
      "iptables-nft-save.txt": RULES,
      "nft-ruleset.txt": "table inet empty {\n}\n",
    };
    for (const [name, text] of Object.entries(dumps)) files.set(`nodes/${host.toLowerCase()}/${name}`, text);
  }
  const { network } = readSnapshot({ name: "devices", files });
  const parsed = parsePacketLine(`{"host":"${from.toLowerCase()}","dst":"${dst}","proto":"icmp","icmpType":8}`, {
    file: "test",
    line: 1,
  });
  if ("findings" in parsed) throw new Error(parsed.findings.map(({ message }) => message).join("; "));
  const answered = createPacketSession(network).ask(parsed.question, {});
  if ("findings" in answered) throw new Error(answered.findings.map(({ message }) => message).join("; "));
  const { branches, certainty } = answered.answer;
  return [
    certainty,
    ...branches.map(({ run: { journeys, first } }) => {
      const end = journeys[first]?.end;
      return end == null ? "none" : `${end.ending.outcome} ${end.host}`;
    }),
  ];
}

describe.skipIf(!available)("packets that leave by devices that are no veth, of dumps that the kernel made", () => {
  let oracle: Oracle;
  const run = async (host: string, command: string): Promise<string> =>
    (await oracle.exec(host, ["sh", "-c", command])).stdout;

  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(networkOf(LAB), {}));
    await run("A", MADE.join("\n"));
  });
  afterAll(async () => {
    await oracle.close();
  });

  /** Of a ping of A's. */
  const saidOfA = (dst: string, addr: string | null): Promise<readonly string[]> =>
    said(run, ["A", "B"], "A", dst, addr);

  const arrives = async (dst: string): Promise<boolean> =>
    / 0% packet loss/.test(await run("A", `ping -n -c1 -W1 ${dst}`));

  it.each([
    ["macvlan", "10.8.0.2"],
    ["macvtap", "10.9.0.2"],
  ])("%s sends by the device below it", async (_, dst) => {
    expect(await arrives(dst)).toBe(true);
    expect(await saidOfA(dst, null)).toEqual(["certain", "delivered b"]);
  });

  it.each([
    ["ifb", "10.10.0.2"],
    ["tun that no program holds", "10.11.0.2"],
    ["tap that no program holds", "10.12.0.2"],
  ])("%s drops them", async (_, dst) => {
    expect(await arrives(dst)).toBe(false);
    expect(await saidOfA(dst, null)).toEqual(["certain", "dropped a"]);
  });

  it("a tun device hands them to the program that holds it", async () => {
    const text = await run("A", HELD);
    const count = text.trimEnd().split("\n").at(-1);
    expect(count).toBe("1");
    expect(await saidOfA("10.11.0.2", text.slice(0, text.trimEnd().lastIndexOf("\n") + 1))).toEqual([
      "certain",
      "left a",
    ]);
  });

  it("macvlan has no carrier once the device below it is down", async () => {
    await run("A", "ip link set eth0 down");
    expect(await arrives("10.8.0.2")).toBe(false);
    expect(await saidOfA("10.8.0.2", null)).toEqual(["certain", "unresolved a"]);
    await run("A", "ip link set eth0 up");
  });
});

const CARD: Lab = {
  hosts: [
    { name: "A", interfaces: [{ name: "eth0", addresses: ["10.7.0.1/24"] }] },
    { name: "B", interfaces: [{ name: "eth0", addresses: ["10.7.0.2/24"] }] },
    { name: "M", interfaces: [{ name: "x0", addresses: [] }] },
    { name: "N", interfaces: [{ name: "x0", addresses: [] }] },
  ],
  links: [
    ["A:eth0", "B:eth0"],
    ["M:x0", "N:x0"],
  ],
};

describe.skipIf(!available).each([
  ["bridge", true],
  ["private", false],
  ["vepa", false],
] as const)("macvlan of mode %s in two namespaces, on one card", (mode, isHeard) => {
  let oracle: Oracle;
  const run = async (host: string, command: string): Promise<string> =>
    (await oracle.exec(host, ["sh", "-c", command])).stdout;

  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(networkOf(CARD), {}));
    for (const [at, host] of ["M", "N"].entries()) {
      const holder = (await run(host, "sleep 60 >/dev/null 2>&1 & echo $!")).trim();
      await run("A", `ip link add mv${at} link eth0 type macvlan mode ${mode} && ip link set mv${at} netns ${holder}`);
      await run(host, `ip link set mv${at} up && ip addr add 10.7.0.1${at}/24 dev mv${at}`);
    }
    await run("A", "sleep 1.5");
  });
  afterAll(async () => {
    await oracle.close();
  });

  it.each([
    ["M", "10.7.0.11", isHeard, "delivered n"],
    ["M", "10.7.0.1", false, "delivered a"],
    ["A", "10.7.0.10", false, "delivered m"],
    ["M", "10.7.0.2", true, "delivered b"],
  ] as const)(
    "%s to %s: whether it arrives is uncertain where both may stand on the card",
    async (from, dst, arrives, end) => {
      expect(/ 0% packet loss/.test(await run(from, `ping -n -c1 -W1 ${dst}`))).toBe(arrives);
      const [certainty, ...ends] = await said(run, ["A", "B", "M", "N"], from, dst, null);
      expect(ends).toContain(end);
      if (!arrives) expect([certainty, ends.length]).toEqual(["uncertain", 2]);
    },
  );
});
