import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { ROUTER, ROUTES } from "../router.ts";

/** Runs a tool, whatever comes of it. */
export function attempt(words: readonly string[], input = ""): SpawnSyncReturns<string> {
  const [command = "", ...rest] = words;
  return spawnSync(command, rest, { encoding: "utf8", input, maxBuffer: 1 << 26 });
}

/** Runs a tool and returns what it printed; an exit code other than 0 throws. */
export function run(words: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = attempt(words, input);
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

/** Sender, router and sink: three namespaces, two veth pairs. */
export interface Laboratory {
  readonly sender: string;
  readonly router: string;
  readonly sink: string;
}

let serial = 0;
const standing = new Set<Laboratory>();

/** Builds the namespaces; `ROUTES` and the neighbours are those of the simulated router. */
export function buildLaboratory(): Laboratory {
  const id = `ppb-${process.pid}-${serial++}`;
  const lab: Laboratory = { sender: `${id}-sender`, router: `${id}-router`, sink: `${id}-sink` };
  standing.add(lab);
  for (const name of Object.values(lab)) {
    run(["ip", "netns", "add", name]);
    run(["ip", "-n", name, "link", "set", "lo", "up"]);
  }
  joinPair(lab.sender, { name: "s0", ...ROUTER.sender }, lab.router, ROUTER.inside);
  joinPair(lab.sink, { name: "k0", ...ROUTER.sink }, lab.router, ROUTER.outside);
  setSysctl(lab.router, "net.ipv4.ip_forward=1");
  for (const name of ["all", "default", ROUTER.inside.name, ROUTER.outside.name]) {
    setSysctl(lab.router, `net.ipv4.conf.${name}.rp_filter=0`);
    setSysctl(lab.router, `net.ipv4.conf.${name}.send_redirects=0`);
  }
  for (const end of [
    { ...ROUTER.sink, device: ROUTER.outside.name },
    { ...ROUTER.sender, device: ROUTER.inside.name },
  ]) {
    run([
      "ip",
      "-n",
      lab.router,
      "neigh",
      "add",
      end.address,
      "lladdr",
      end.mac,
      "dev",
      end.device,
      "nud",
      "permanent",
    ]);
  }
  for (const { to, via, device } of ROUTES)
    run(["ip", "-n", lab.router, "route", "add", to, "via", via, "dev", device]);
  dropAtIngress(lab.sink, "k0");
  return lab;
}

interface End {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
}

function joinPair(one: string, left: End, other: string, right: End): void {
  run(["ip", "-n", one, "link", "add", left.name, "type", "veth", "peer", "name", right.name, "netns", other]);
  for (const [namespace, end] of [
    [one, left],
    [other, right],
  ] as const) {
    run(["ip", "-n", namespace, "link", "set", end.name, "address", end.mac, "up"]);
    run(["ip", "-n", namespace, "addr", "add", `${end.address}/24`, "dev", end.name]);
  }
}

function setSysctl(namespace: string, setting: string): void {
  run(["ip", "netns", "exec", namespace, "sysctl", "-qw", setting]);
}

/** Frames that arrive on the device are counted by it and go no further. */
export function dropAtIngress(namespace: string, device: string): void {
  run(
    ["ip", "netns", "exec", namespace, "nft", "-f", "-"],
    `table netdev sink { chain everything { type filter hook ingress device ${device} priority 0; policy drop; }; }`,
  );
}

/** Frames that the device has received. */
export function received(namespace: string, device: string): number {
  const path = `/sys/class/net/${device}/statistics/rx_packets`;
  return Number(run(["ip", "netns", "exec", namespace, "cat", path]));
}

export function removeLaboratory(lab: Laboratory): void {
  standing.delete(lab);
  for (const name of Object.values(lab)) attempt(["ip", "netns", "delete", name]);
}

/** For a process that is told to stop in the middle. */
export function removeAll(): void {
  for (const lab of [...standing]) removeLaboratory(lab);
}
