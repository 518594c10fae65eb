import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TCP } from "../../../src/net/protocol.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** Clients, by their settings. */
const CLIENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  never: { tcp_mtu_probing: "0" },
  once: { tcp_mtu_probing: "1" },
  always: { tcp_mtu_probing: "2" },
  low: { tcp_mtu_probing: "1", tcp_base_mss: "500" },
  floor: { tcp_mtu_probing: "1", tcp_base_mss: "800", tcp_mtu_probe_floor: "700" },
  soon: { tcp_mtu_probing: "1", tcp_retries1: "1" },
  least: { tcp_mtu_probing: "1", tcp_base_mss: "300", tcp_min_snd_mss: "600" },
  undiscovering: { ip_no_pmtu_disc: "1" },
};

/** What R's routes to the servers take; their links take 1500. */
const WAYS = [
  { mtu: 1500, families: [4, 6] },
  { mtu: 1280, families: [4, 6] },
  { mtu: 700, families: [4] },
  { mtu: 400, families: [4] },
] as const;

const SIZES = [100, 1400, 3000];

/** Longer than all of it takes; the last timeout that matters is at 26 s. */
const PATIENCE = 30;

const CASES = Object.keys(CLIENTS).flatMap((client, c) =>
  WAYS.flatMap(({ mtu, families }, w) =>
    families.flatMap((family) =>
      SIZES.map((size) => ({
        client,
        mtu,
        family,
        size,
        from: family === 4 ? `10.1.${c}.2` : `fd00:1:${c}::2`,
        to: family === 4 ? `10.3.${w}.2` : `fd00:3:${w}::2`,
      })),
    ),
  ),
);

/** R tells nobody what they take. */
const SILENT = [
  { family: 4, text: "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p icmp -j DROP\nCOMMIT\n" },
  {
    family: 6,
    text: "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p icmpv6 -m icmp6 --icmpv6-type 2 -j DROP\nCOMMIT\n",
  },
] as const;

const LAB: Lab = {
  hosts: [
    {
      name: "R",
      interfaces: [
        ...Object.keys(CLIENTS).map((_, c) => ({
          name: `in${c}`,
          addresses: [`10.1.${c}.1/24`, `fd00:1:${c}::1/64`, "fe80::1/64"],
        })),
        ...WAYS.map((_, w) => ({ name: `out${w}`, addresses: [`10.2.${w}.1/24`, `fd00:2:${w}::1/64`, "fe80::1/64"] })),
      ],
      routes: WAYS.flatMap(({ mtu }, w) => [
        `10.3.${w}.0/24 via 10.2.${w}.2 mtu ${mtu}`,
        ...(mtu < 1280 ? [] : [`-6 fd00:3:${w}::/64 via fd00:2:${w}::2 mtu ${mtu}`]),
      ]),
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1" },
      rulesets: SILENT,
    },
    ...Object.entries(CLIENTS).map(([name, settings], c) => ({
      name,
      interfaces: [{ name: "eth0", addresses: [`10.1.${c}.2/24`, `fd00:1:${c}::2/64`, "fe80::2/64"] }],
      routes: [`default via 10.1.${c}.1`, `-6 default via fd00:1:${c}::1`],
      // segments of podpath's have no options
      sysctls: Object.fromEntries(
        Object.entries({ tcp_timestamps: "0", ...settings }).map(([key, value]) => [`net.ipv4.${key}`, value]),
      ),
    })),
    ...WAYS.map((_, w) => ({
      name: `B${w}`,
      interfaces: [
        {
          name: "eth0",
          addresses: [`10.2.${w}.2/24`, `10.3.${w}.2/32`, `fd00:2:${w}::2/64`, `fd00:3:${w}::2/128`, "fe80::2/64"],
        },
      ],
      routes: [`default via 10.2.${w}.1`, `-6 default via fd00:2:${w}::1`],
    })),
  ],
  links: [
    ...Object.keys(CLIENTS).map((name, c) => [`R:in${c}`, `${name}:eth0`] as const),
    ...WAYS.map((_, w) => [`R:out${w}`, `B${w}:eth0`] as const),
  ],
};

/** The server of a network that only podpath has: the kernel's are made by the test. */
const SERVED: Lab = {
  ...LAB,
  hosts: LAB.hosts.map((host) => (host.name.startsWith("B") ? { ...host, listen: ["tcp/80"] } : host)),
};

/** Says something once it has as many octets as the first line says. */
const SERVER = `
import os, socket, sys, threading
def serve(s):
    got, wanted = b"", None
    while wanted is None or len(got) < wanted:
        more = s.recv(65536)
        if not more: return
        got += more
        if wanted is None and len(got) >= 4: wanted = int(got[:4])
    s.sendall(b"y")
def listen(family, address):
    l = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6: l.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    l.bind((address, 80))
    l.listen(100)
    while True: threading.Thread(target=serve, args=[l.accept()[0]], daemon=True).start()
if os.fork(): sys.exit()
for fd in (0, 1, 2): os.close(fd)
threading.Thread(target=listen, args=[socket.AF_INET6, "::"], daemon=True).start()
threading.Thread(target=listen, args=[socket.AF_INET, "0.0.0.0"], daemon=True).start()
threading.Event().wait(120)
`;

/** For each: whether the server said something, and octets of a segment afterwards (struct tcp_info); into a file, once all are known. */
const CLIENT = `
import json, os, socket, struct, sys, threading
if os.fork(): sys.exit()
for fd in (0, 1, 2): os.close(fd)
found = {}
def ask(index, family, to, size):
    s = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    s.settimeout(${PATIENCE})
    s.connect((to, 80))
    s.sendall((b"%04d" % size).ljust(size, b"x"))
    try: answered = s.recv(1) == b"y"
    except socket.timeout: answered = False
    found[index] = [answered, struct.unpack("I", s.getsockopt(socket.IPPROTO_TCP, 11, 104)[16:20])[0]]
threads = [threading.Thread(target=ask, args=one) for one in json.loads(sys.argv[1])]
for t in threads: t.start()
for t in threads: t.join()
with open(sys.argv[2] + ".part", "w") as file: file.write(json.dumps(found))
os.rename(sys.argv[2] + ".part", sys.argv[2])
`;

type Found = readonly [answered: boolean, segment: number];

async function onKernel(oracle: Oracle): Promise<readonly (Found | undefined)[]> {
  await oracle.build(toBuildRequest(networkOf(LAB), {}));
  for (const w of WAYS.keys()) await oracle.exec(`B${w}`, ["python3", "-c", SERVER]);
  const all = new Map<number, Found>();
  const names = Object.keys(CLIENTS);
  const asked = names.map((client) =>
    CASES.flatMap(({ client: of, family, to, size }, index) => (of === client ? [[index, family, to, size]] : [])),
  );
  const folder = mkdtempSync(join(tmpdir(), "mtu-probing-"));
  for (const [c, client] of names.entries()) {
    await oracle.exec(client, ["python3", "-c", CLIENT, JSON.stringify(asked[c]), join(folder, client)]);
  }
  for (const client of names) {
    for (let tries = 0; !existsSync(join(folder, client)); tries++) {
      if (tries > 2 * PATIENCE) throw new Error(`${client} does not come to an end`);
      await setTimeout(1000);
    }
    const found: Readonly<Record<string, Found>> = JSON.parse(readFileSync(join(folder, client), "utf8"));
    for (const [index, one] of Object.entries(found)) all.set(Number(index), one);
  }
  rmSync(folder, { recursive: true });
  return CASES.map((_, index) => all.get(index));
}

/** Whether the server answers, and the longest segment of those that were sent last. */
function inWorld({ client, to, size }: (typeof CASES)[number]): Found {
  const network = networkOf(SERVED);
  const prepared = prepareProbe(network, {
    from: client,
    to,
    kind: null,
    protocol: TCP,
    port: 80,
    sport: 4000,
    size,
    df: false,
  });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const { branches, certainty } = askProbe(network, prepared.probe, { everyRule: false, strict: false });
  const [branch] = branches;
  if (branch === undefined || certainty !== "certain") throw new Error(`${certainty}`);
  const { report, journeys } = branch.run;
  const sent = journeys.flatMap(({ host, packet }) => (host === client && packet.payloadLength > 0 ? [packet] : []));
  const last = sent.slice(sent.findLastIndex(({ seq }) => seq === sent[0]?.seq));
  return [report?.result === "answered", Math.max(...last.map(({ payloadLength }) => payloadLength))];
}

/** tcp_mtu_probing(), tcp_mtup_init() */
describe.skipIf(!available)("a sender that nobody tells what the way takes", () => {
  const oracle = new Oracle();
  let kernel: readonly (Found | undefined)[] = [];
  beforeAll(async () => {
    kernel = await onKernel(oracle);
  });
  afterAll(() => oracle.close());

  it.each(CASES.map((one, index) => [one.client, one.size, one.mtu, one.family, index] as const))(
    "probes (%s): %i octets, where a route takes %i, in IPv%i",
    (_, size, __, ___, index) => {
      const one = CASES[index];
      const found = kernel[index];
      if (one === undefined || found === undefined) throw new Error("no such case");
      const [answered, segment] = inWorld(one);
      expect([answered, segment]).toEqual([found[0], Math.min(found[1], size)]);
    },
  );
});
