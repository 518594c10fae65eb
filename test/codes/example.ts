import type { Finding } from "../../src/model/finding.ts";

/** An input that shows a code, and the command that does; or a call of the library where no input can. */
export type Example = CommandExample | LibraryExample;

export interface CommandExample {
  /** What the page shows, by the name of the file. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What must be there as well and shows nothing. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Files of so many bytes without content. */
  readonly sparse?: Readonly<Record<string, number>>;
  readonly run: readonly string[];
  readonly stdin?: string;
}

export interface LibraryExample {
  readonly library: () => readonly Finding[] | Promise<readonly Finding[]>;
}

/** One for each code of a table: a code without an example does not compile. */
export type ExamplesOf<Table> = { readonly [Code in keyof Table]: Example };

/** A file by itself, given to `podpath check`. */
export function checked(name: string, ...lines: readonly string[]): CommandExample {
  return { files: { [name]: textOf(lines) }, run: ["check", name] };
}

/** Rules in table filter, given to `podpath check`. */
export function rules(...lines: readonly string[]): CommandExample {
  return checked(
    "iptables-save.txt",
    ...filter(...lines)
      .split("\n")
      .slice(0, -1),
  );
}

/** A dump of table filter with these lines. */
export function filter(...lines: readonly string[]): string {
  return textOf([
    "*filter",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ...lines,
    "COMMIT",
  ]);
}

export function textOf(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

const ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 172.16.0.11/24 brd 172.16.0.255 scope global eth0
3: cali0123456789a@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    link/ether ee:ee:ee:ee:ee:ee brd ff:ff:ff:ff:ff:ff link-netnsid 0
`;

/** A node with one pod, in a folder called `cluster1`. */
export const NODE: Readonly<Record<string, string>> = {
  "cluster1/nodes/n1/ip-addr.txt": ADDRESSES,
  "cluster1/nodes/n1/ip-route.txt": `default via 172.16.0.1 dev eth0
172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.11
192.168.1.2 dev cali0123456789a scope link
`,
  "cluster1/nodes/n1/iptables-save.txt": filter(),
};

/** A second node beside it. */
export const NODE2: Readonly<Record<string, string>> = {
  "cluster1/nodes/n2/ip-addr.txt": ADDRESSES.replace("172.16.0.11", "172.16.0.12")
    .replace("02:00:00:00:00:01", "02:00:00:00:00:02")
    .replace("0123456789a", "fedcba98765"),
  "cluster1/nodes/n2/ip-route.txt": `default via 172.16.0.1 dev eth0
172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.12
192.168.2.2 dev califedcba98765 scope link
`,
  "cluster1/nodes/n2/iptables-save.txt": filter(),
};

/** The node with these files too, or instead, given to `podpath check`. */
export function snapshot(files: Readonly<Record<string, string>>, beside = NODE): CommandExample {
  const given = Object.fromEntries(Object.entries(files).map(([name, text]) => [`cluster1/${name}`, text]));
  const rest = Object.fromEntries(Object.entries(beside).filter(([name]) => !(name in given)));
  return { files: given, beside: rest, run: ["check", "cluster1"] };
}

/** The same without one of the node's files. */
export function snapshotWithout(name: string, files: Readonly<Record<string, string>>): CommandExample {
  const { [`cluster1/nodes/n1/${name}`]: _, ...rest } = NODE;
  return snapshot(files, rest);
}

/** The node with these files, asked with a probe. */
export function probed(files: Readonly<Record<string, string>>, ...options: readonly string[]): CommandExample {
  return { ...snapshot(files, { ...NODE, ...NODE2 }), run: ["trace", "cluster1", ...options] };
}

/** A dump of rules, asked with a packet that comes in by eth0. */
export function packetOn(lines: readonly string[], fields: Readonly<Record<string, unknown>> = {}): CommandExample {
  const packet = { interface: "eth0", src: "192.0.2.7", dst: "192.0.2.1", proto: "tcp", sport: 40000, dport: 80 };
  const text = JSON.stringify({ ...packet, assume: { route: "local" }, ...fields });
  const files = { "iptables-save.txt": filter(...lines) };
  return { files, run: ["trace", "iptables-save.txt", "--packet", text] };
}

export const POD = `apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web}
spec: {nodeName: n1, containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 192.168.1.2}
`;

/** A WorkloadEndpoint of that pod, as calicoctl prints it. */
export function endpoint(fields: {
  readonly node?: string;
  readonly address?: string;
  readonly device?: string;
}): string {
  const { node = "n1", address = "192.168.1.2", device = "cali0123456789a" } = fields;
  return `apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {namespace: shop, name: ${node}-k8s-web-eth0}
spec: {node: ${node}, orchestrator: k8s, pod: web, endpoint: eth0, interfaceName: ${device}, ipNetworks: [${address}/32]}
`;
}
