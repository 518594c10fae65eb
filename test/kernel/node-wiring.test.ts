import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeclaredNode } from "../../src/calico/declared-node.ts";
import { type NodeWiring, nodeWiring } from "../../src/calico/node-wiring.ts";
import { wiringContext } from "../../src/calico/wiring/wiring-context.ts";
import { deriveConnectedRoutes } from "../../src/linux/routing/derive-connected-routes.ts";
import { host } from "../../src/model/host.ts";
import { type Interface, interfaceAddress, networkInterface } from "../../src/model/interface.ts";
import { originTable } from "../../src/model/origin.ts";
import { nextHop, type Route, route, TABLE_MAIN } from "../../src/model/route.ts";
import { type Address, formatAddress, isLinkLocal, parseAddress, unspecified } from "../../src/net/address.ts";
import { readFdb } from "../../src/readers/bridge/fdb.ts";
import { readAddresses } from "../../src/readers/ip/address.ts";
import { readNeighbours } from "../../src/readers/ip/neigh.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { synthesisePod } from "../../src/readers/snapshot/synthesise-pod.ts";
import { declaredNode } from "../calico/felix/declared-node-fixture.ts";
import { clusterOf, planOf, pod, pool } from "../calico/ipam/declared-cluster.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppw-${process.pid}`;
const LAN = `${HOME}-lan`;
const { CI } = process.env;

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
}

function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "it needs root to make network namespaces";
  try {
    run("bridge", ["-V"]);
    run("ip", ["netns", "add", LAN]);
    run("ip", ["-n", LAN, "link", "add", "v", "type", "vxlan", "id", "1", "dstport", "4789"]);
  } catch {
    return "it needs a kernel with VXLAN";
  } finally {
    remove(LAN);
  }
  return null;
}

/** Whether the kernel has IPIP; else a veth pair without ARP stands in for tunl0, and nothing is sent through it. */
function hasIpip(): boolean {
  try {
    run("ip", ["netns", "add", LAN]);
    run("ip", ["-n", LAN, "link", "add", "t", "type", "ipip", "remote", "127.0.0.1", "local", "127.0.0.2"]);
    return true;
  } catch {
    return false;
  } finally {
    remove(LAN);
  }
}

function remove(space: string): void {
  execFileSync("sh", ["-c", `ip netns del ${space} 2>/dev/null || true`]);
}

const reason = obstacle();
const isReal = reason === null && hasIpip();
if (reason !== null) {
  if (CI) throw new Error(`test/kernel/node-wiring.test.ts: ${reason}.`);
  process.stderr.write(`SKIPPED test/kernel/node-wiring.test.ts: ${reason}.\n`);
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(text);
  return address;
}

/** A machine on the LAN with a default route. */
function machine(number: 1 | 2, length = 24): DeclaredNode {
  const [ipv4, ipv6] = [addressOf(`172.16.0.${number}`), addressOf(`fd00:172::${number}`)];
  const eth0 = networkInterface({
    name: "eth0",
    index: 2,
    mac: `52:54:00:00:00:0${number}`,
    addresses: [
      interfaceAddress({ address: ipv4, prefixLength: 24 }),
      interfaceAddress({ address: ipv6, prefixLength: 64 }),
    ],
  });
  const gateway = nextHop({ interface: "eth0", gateway: addressOf("172.16.0.254") });
  return declaredNode(`node${number}`, {
    interfaces: [eth0],
    routes: [
      ...deriveConnectedRoutes([eth0]),
      route({ destination: { address: unspecified(4), length: 0 }, nextHops: [gateway] }),
    ],
    bgpIPv4: { address: ipv4, length },
    bgpIPv6: { address: ipv6, length: 64 },
  });
}

const PODS = pod("shop/a", "node1") + pod("shop/b", "node2");
const IPV6 = pool("p6", "fd00:10::/112", "vxlanMode: Always");

interface Mode {
  readonly name: string;
  readonly text: string;
  readonly calico?: string;
  /** Of the nodes' address, as Calico sees it. */
  readonly length?: number;
}

const MODES: readonly Mode[] = [
  { name: "no encapsulation", text: pool("p", "10.10.0.0/16") },
  { name: "IPIP", text: pool("p", "10.10.0.0/16", "ipipMode: Always") },
  { name: "IPIP in one subnet of CrossSubnet", text: pool("p", "10.10.0.0/16", "ipipMode: CrossSubnet") },
  { name: "IPIP between subnets", text: pool("p", "10.10.0.0/16", "ipipMode: CrossSubnet"), length: 32 },
  { name: "IPIP by Felix", text: pool("p", "10.10.0.0/16", "ipipMode: Always"), calico: "v3.33.0" },
  { name: "no encapsulation in v3.32", text: pool("p", "10.10.0.0/16"), calico: "v3.32.0" },
  { name: "VXLAN", text: pool("p", "10.10.0.0/16", "vxlanMode: Always") },
  { name: "VXLAN in v3.31", text: pool("p", "10.10.0.0/16", "vxlanMode: Always"), calico: "v3.31.0" },
  { name: "VXLAN in one subnet of CrossSubnet", text: pool("p", "10.10.0.0/16", "vxlanMode: CrossSubnet") },
  { name: "VXLAN of both families", text: pool("p", "10.10.0.0/16", "vxlanMode: Always") + IPV6 },
  { name: "IPv6 without encapsulation", text: pool("p", "10.10.0.0/16") + pool("p6", "fd00:10::/112") },
  { name: "a borrowed address", text: pool("p", "10.10.0.0/30", "blockSize: 30, vxlanMode: Always") },
];

/** `ip` commands that make the wiring of a node, in the order in which they can be given. */
function commands(wiring: NodeWiring, peers: ReadonlyMap<string, string>): readonly string[] {
  const made = wiring.interfaces.flatMap(({ name, kind, mac, mtu, vxlan, addresses }) => [
    kind === "vxlan" && vxlan !== null
      ? `link add ${name} address ${mac} type vxlan id ${vxlan.vni} local ${vxlan.local && formatAddress(vxlan.local)} dev ${vxlan.device} dstport ${vxlan.port} nolearning`
      : kind === "veth"
        ? `link add ${name} address ${mac} type veth peer name eth0 netns ${peers.get(name)}`
        : isReal
          ? `link set ${name} up`
          : `link add ${name} arp off type veth peer name far0`,
    ...(kind === "ipip" && !isReal ? ["link set far0 up", `link set ${name} addrgenmode none`] : []),
    `link set ${name} mtu ${mtu} up`,
    // the kernel makes those of the link itself
    ...addresses
      .filter(({ address }) => !isLinkLocal(address))
      .map(({ address, prefixLength }) => `addr add ${formatAddress(address)}/${prefixLength} dev ${name} nodad`),
  ]);
  const routes = wiring.routes.filter(({ table, protocol }) => table === TABLE_MAIN && protocol !== "kernel");
  return [
    ...made,
    ...routes.map((one) => `route add ${printRoute(one)}`),
    ...wiring.neighbours.map(
      ({ address, mac, interface: device }) =>
        `neigh add ${formatAddress(address)} lladdr ${mac} dev ${device} nud permanent`,
    ),
  ];
}

function deviceLine({ name, kind, mac, mtu, up, addresses, noArp, vxlan }: Interface): string {
  const own = addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength} ${one.scope}`).sort();
  const tunnel =
    vxlan === null
      ? ""
      : ` vni ${vxlan.vni} port ${vxlan.port} local ${vxlan.local && formatAddress(vxlan.local)} dev ${vxlan.device} learning ${vxlan.learning}`;
  if (name === "tunl0")
    return `${name} mtu ${mtu} up ${up} noarp ${noArp} ${own.filter((one) => !one.startsWith("fe80")).join(" ")}`;
  return `${name} ${kind} ${mac} mtu ${mtu} up ${up} noarp ${noArp}${tunnel} ${own.join(" ")}`;
}

function routeLines(routes: readonly Route[]): readonly string[] {
  return routes.map((one) => `${one.family} ${printRoute(one)}`).sort();
}

describe.skipIf(reason !== null).each(MODES)("two nodes of a real kernel, with $name", (mode) => {
  const nodes = [machine(1, mode.length), machine(2, mode.length)] as const;
  const text = mode.text + PODS;
  const cluster = clusterOf(text);
  const calico = mode.calico ?? "v3.29.2";
  const plan = planOf(text, nodes, calico);
  const context = wiringContext(cluster, nodes, plan, { calico, kubernetes: "v1.31.3" });
  const wirings = nodes.map((node) => nodeWiring(node, context));
  const spaces = nodes.map(({ name }) => `${HOME}-${name}`);
  const podSpaces = ["a", "b"].map((name) => `${HOME}-pod-${name}`);
  const ip = (space: string, ...args: readonly string[]): string => run("ip", ["-n", space, ...args]);
  const batch = (space: string, lines: readonly string[]): string =>
    run("ip", ["-n", space, "-batch", "-"], `${lines.join("\n")}\n`);
  const sysctl = (space: string, lines: readonly string[]): string =>
    run("ip", ["netns", "exec", space, "sysctl", "-q", "-p", "-"], `${lines.join("\n")}\n`);

  beforeAll(() => {
    run("ip", ["netns", "add", LAN]);
    batch(LAN, ["link add br0 type bridge", "link set br0 up", "addr add 172.16.0.254/24 dev br0"]);
    nodes.forEach((node, i) => {
      const space = spaces[i] ?? "";
      const podSpace = podSpaces[i] ?? "";
      run("ip", ["netns", "add", space]);
      run("ip", ["netns", "add", podSpace]);
      batch(LAN, [`link add port${i} type veth peer name eth0 netns ${space}`, `link set port${i} master br0 up`]);
      const [eth0] = node.interfaces;
      batch(space, [
        "link set lo up",
        `link set eth0 address ${eth0?.mac} up`,
        ...(eth0?.addresses ?? []).map(
          ({ address, prefixLength }) =>
            `addr add ${formatAddress(address)}/${prefixLength} dev eth0${address.family === 6 ? " nodad" : ""}`,
        ),
        "route add default via 172.16.0.254",
      ]);
      const wiring = wirings[i];
      if (wiring === undefined) return;
      const veth = wiring.interfaces.find(({ kind }) => kind === "veth") ?? null;
      sysctl(
        space,
        [...wiring.sysctls].filter(([key]) => /\.(all|default|eth0|ip_forward)/.test(key)).map((one) => one.join("=")),
      );
      batch(space, ["link set lo up", ...commands(wiring, new Map([[veth?.name ?? "", podSpace]]))]);
      for (const { mac, interface: device, destination } of wiring.fdb)
        run("bridge", [
          "-n",
          space,
          "fdb",
          "append",
          mac,
          "dev",
          device,
          "dst",
          destination === null ? "" : formatAddress(destination),
          "self",
          "permanent",
        ]);
      sysctl(
        space,
        [...wiring.sysctls].map((one) => one.join("=")),
      );
      const key = i === 0 ? "shop/a" : "shop/b";
      const inside = synthesisePod(
        {
          host: `pod/${key}`,
          namespace: "shop",
          name: key.slice(5),
          node: node.name,
          hostNetwork: false,
          finished: false,
          addresses: plan.pods.get(key) ?? [],
          pod: null,
          endpoint: null,
          origin: 0,
        },
        host({ name: node.name }),
        veth,
        [],
      );
      batch(podSpace, [
        "link set lo up",
        `link set eth0 mtu ${inside.interfaces.get("eth0")?.mtu} up`,
        ...(inside.interfaces.get("eth0")?.addresses ?? []).map(
          ({ address, prefixLength }) =>
            `addr add ${formatAddress(address)}/${prefixLength} dev eth0${address.family === 6 ? " nodad" : ""}`,
        ),
        ...inside.routes
          .filter(({ table, protocol }) => table === TABLE_MAIN && protocol !== "kernel")
          // what is on the link comes before what goes by way of it
          .sort((x, y) => y.destination.length - x.destination.length)
          .map((one) => `route add ${printRoute(one)}`),
      ]);
    });
    // link-local addresses are usable after duplicate address detection
    run("sleep", ["2"]);
  });
  afterAll(() => {
    for (const space of [...podSpaces, ...spaces, LAN]) remove(space);
  });

  test.each([0, 1])("node %i looks as it was wired", (i) => {
    const wiring = wirings[i];
    const space = spaces[i] ?? "";
    if (wiring === undefined) throw new Error("two nodes");
    const names = new Set(wiring.interfaces.map(({ name }) => name));
    const origins = originTable();
    const dumped = readAddresses(ip(space, "-d", "addr"), "ip-addr.txt", origins);
    expect(
      dumped.interfaces
        .filter(({ name }) => names.has(name))
        .map(deviceLine)
        .sort(),
    ).toEqual(wiring.interfaces.map(deviceLine).sort());
    const routes = [4, 6].flatMap(
      (family) =>
        readRoutes(ip(space, `-${family}`, "route", "show", "table", "all"), "ip-route.txt", origins, {
          family: family === 6 ? 6 : 4,
        }).routes,
    );
    const ours = routes.filter(
      ({ type, nextHops, protocol }) =>
        // groups belong to the devices, and are no routes that anybody looks up here
        type !== "multicast" &&
        (["bird", "80"].includes(protocol) ||
          nextHops.some(({ interface: device }) => device !== null && names.has(device))),
    );
    expect(routeLines(ours)).toEqual(routeLines(wiring.routes.filter(({ type }) => type !== "multicast")));
    const peers = readNeighbours(ip(space, "neigh"), "ip-neigh.txt", origins).neighbours;
    const line = ({ address, mac, interface: device, state }: (typeof peers)[number]): string =>
      `${formatAddress(address)} ${mac} ${device} ${state}`;
    expect(
      peers
        .filter(({ state }) => state === "PERMANENT")
        .map(line)
        .sort(),
    ).toEqual(wiring.neighbours.map(line).sort());
    const { entries } = readFdb(run("bridge", ["-n", space, "fdb"]), "bridge-fdb.txt", origins);
    const entry = (one: (typeof entries)[number]): string =>
      `${one.mac} ${one.interface} ${one.destination && formatAddress(one.destination)} ${one.permanent}`;
    expect(
      entries
        .filter(({ destination }) => destination !== null)
        .map(entry)
        .sort(),
    ).toEqual(wiring.fdb.map(entry).sort());
    for (const [key, value] of wiring.sysctls)
      expect([key, run("ip", ["netns", "exec", space, "sysctl", "-n", key]).trim()]).toEqual([key, value]);
  });

  test("pods reach each other", (task) => {
    const usesTunl0 = wirings.some(({ routes }) => routes.some(({ nextHops }) => nextHops[0]?.interface === "tunl0"));
    if (usesTunl0 && !isReal) task.skip("this kernel has no IPIP");
    for (const address of plan.pods.get("shop/b") ?? []) {
      const answer = run("ip", [
        "netns",
        "exec",
        podSpaces[0] ?? "",
        "ping",
        "-c",
        "1",
        "-W",
        "3",
        formatAddress(address),
      ]);
      expect(answer).toContain("1 received");
    }
  });
});
