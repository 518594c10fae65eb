import { isCalicoSince } from "../../calico/calico-version.ts";
import type { Cluster } from "../../calico/cluster.ts";
import type { AddressPlan } from "../../calico/ipam/address-plan.ts";
import { addressAt } from "../../calico/ipam/block-store.ts";
import {
  type AllocationAttribute,
  type IPAMBlock,
  nodeOfAllocation,
  secondaryOf,
} from "../../calico/ipam/ipam-block.ts";
import { append } from "../../model/append.ts";
import { type Address, compareAddresses, formatAddress } from "../../net/address.ts";
import { formatPrefix, prefixContains } from "../../net/prefix.ts";

/** So many nodes are shown by how many addresses they have. */
const TOP = 20;

interface Allocation {
  readonly address: Address;
  readonly attribute: AllocationAttribute | null;
  readonly node: string;
}

export interface IpamCheck {
  readonly text: string;
  /** One line for each. */
  readonly problems: readonly string[];
}

export interface IpamCheckOptions {
  /** Version of Calico. */
  readonly calico: string;
  /** `--show-problem-ips`. */
  readonly showProblems: boolean;
}

/**
 * `calicoctl ipam check` of a cluster whose addresses the plan tells (calicoctl/commands/ipam/check.go); addresses in their
 * order, which calicoctl leaves to chance. Handles of addresses that podpath gave count as there.
 */
export function ipamCheckText(cluster: Cluster, plan: AddressPlan, options: IpamCheckOptions): IpamCheck {
  const lines: string[] = ["Checking IPAM for inconsistencies...", ""];
  const allocations = plan.blocks.flatMap(allocationsOf);
  const pools = [...cluster.ipPools.values()]
    .filter(({ disabled }) => disabled !== true)
    .sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1));
  lines.push("Loading all IPAM blocks...", `Found ${plan.blocks.length} IPAM blocks.`);
  for (const { cidr, affinity } of plan.blocks) {
    const owner = affinity === null ? "<none>" : `${affinity.type}:${affinity.name}`;
    lines.push(` IPAM block ${formatPrefix(cidr)} affinity=${owner}:`);
  }
  lines.push(`IPAM blocks record ${allocations.length} allocations.`, "", "Loading all IPAM pools...");
  lines.push(...pools.map(({ cidr }) => `  ${formatPrefix(cidr)}`), `Found ${pools.length} active IP pools.`, "");

  const owners = ownersOf(cluster, plan, options.calico);
  lines.push("Loading all nodes.", `Found ${owners.tunnels} node tunnel IPs.`, "");
  if (isCalicoSince(options.calico, 30)) {
    lines.push("Loading all service load balancer IPs.", `Found ${owners.services} service load balancer.`, "");
  }
  lines.push("Loading all workload endpoints.", `Found ${owners.workloads} workload IPs.`);
  lines.push(`Workloads and nodes are using ${owners.byAddress.size} IPs.`, "", "Loading all handles");
  lines.push(...busiestNodes(allocations), "");

  const problems = { leaked: 0, outside: 0, unwritten: 0 };
  const told: string[] = [];
  const show = (line: string, counts = true): void => {
    if (counts) told.push(line);
    if (options.showProblems) lines.push(`  ${line}`);
  };
  const written = new Set<string>();
  lines.push("Scanning for IPs that are allocated but not actually in use...");
  for (const { address, attribute } of allocations) {
    const text = formatAddress(address);
    written.add(text);
    if (owners.byAddress.has(text)) continue;
    problems.leaked++;
    show(`${text} leaked; attrs ${attributeText(attribute)}`);
  }
  lines.push(`Found ${problems.leaked} IPs that are allocated in IPAM but not actually in use.`);
  lines.push("Scanning for IPs that are in use by a workload or node but not allocated in IPAM...");
  for (const [text, { address, names }] of owners.byAddress) {
    if (names.length > 1) show(`${text} has multiple owners.`, false);
    if (written.has(text)) continue;
    if (!pools.some(({ cidr }) => prefixContains(cidr, address))) {
      problems.outside++;
      for (const name of names) show(`${text} in use by ${name} is not in any active IP pool.`);
      continue;
    }
    problems.unwritten++;
    for (const name of names) show(`${text} in use by ${name} and in active IPAM pool but has no IPAM allocation.`);
  }
  lines.push(`Found ${problems.outside} in-use IPs that are not in active IP pools.`);
  lines.push(
    `Found ${problems.unwritten} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
    "",
  );
  const handles = handlesOf(cluster, allocations, options.showProblems);
  append(lines, handles.lines);
  const total = problems.leaked + problems.outside + problems.unwritten + handles.unused.length;
  const unused = handles.unused.map((handle) => `${handle} doesn't have any active IPs.`);
  return { text: `${lines.join("\n")}\nCheck complete; found ${total} problems.\n`, problems: [...told, ...unused] };
}

function allocationsOf(block: IPAMBlock): readonly Allocation[] {
  return block.allocations.flatMap((index, ordinal) => {
    if (index === null) return [];
    const attribute = block.attributes[index] ?? null;
    const owner = block.affinity?.type === "host" ? block.affinity.name : "";
    const node = attribute === null ? owner : nodeOfAllocation(attribute) || owner;
    return [{ address: addressAt(block, ordinal), attribute, node }];
  });
}

function attributeText(attribute: AllocationAttribute | null): string {
  if (attribute === null) return "<missing>";
  const extra = [...secondaryOf(attribute)].sort(([x], [y]) => (x < y ? -1 : 1)).map((pair) => pair.join("="));
  return `Main:${attribute.handle ?? "<none>"} Extra:${extra.join(",")}`;
}

interface Owners {
  readonly byAddress: ReadonlyMap<string, { readonly address: Address; readonly names: readonly string[] }>;
  readonly tunnels: number;
  readonly services: number;
  readonly workloads: number;
}

function ownersOf(cluster: Cluster, plan: AddressPlan, calico: string): Owners {
  const found = new Map<string, { address: Address; names: string[] }>();
  const add = (address: Address, name: string): void => {
    const text = formatAddress(address);
    const known = found.get(text);
    if (known === undefined) found.set(text, { address, names: [name] });
    else known.names.push(name);
  };
  let tunnels = 0;
  for (const [node, { vxlan4, wireguard4, ipip }] of plan.tunnels) {
    // the check looks at the tunnels of IPv4 only
    for (const address of [vxlan4, wireguard4, ipip]) {
      if (address === null) continue;
      tunnels++;
      add(address, `Node(${node})`);
    }
  }
  let services = 0;
  for (const service of isCalicoSince(calico, 30) ? cluster.services.values() : []) {
    if (service.type === "LoadBalancer") services++;
  }
  let workloads = 0;
  for (const [key, addresses] of plan.pods) {
    const [namespace = "", name = ""] = key.split("/");
    const node = cluster.pods.get(key)?.nodeName ?? "";
    const endpoint = [node, "k8s", name, "eth0"].map((part) => part.replaceAll("-", "--")).join("-");
    for (const address of addresses) {
      workloads++;
      add(address, `Workload(${namespace}/${endpoint})`);
    }
  }
  const sorted = [...found].sort(([, x], [, y]) => compareAddresses(x.address, y.address));
  return { byAddress: new Map(sorted), tunnels, services, workloads };
}

function busiestNodes(allocations: readonly Allocation[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { node } of allocations) counts.set(node, (counts.get(node) ?? 0) + 1);
  const nodes = [...counts].sort(([x, a], [y, b]) => b - a || (x < y ? -1 : 1));
  const median = nodes[Math.floor(nodes.length / 2)]?.[1] ?? 0;
  return [
    `Looking for top (up to ${TOP}) nodes by allocations...`,
    ...nodes.slice(0, TOP).map(([node, count]) => `  ${node} has ${count} allocations`),
    ...(nodes.length === 0 ? [] : [`Node with most allocations has ${nodes[0]?.[1] ?? 0}; median is ${median}`]),
  ];
}

function handlesOf(
  cluster: Cluster,
  allocations: readonly Allocation[],
  showProblems: boolean,
): { readonly lines: readonly string[]; readonly unused: readonly string[] } {
  const used = new Set<string>();
  let given = 0;
  for (const { attribute } of allocations) {
    if (attribute?.planned === true) given++;
    else if (attribute?.handle != null) used.add(attribute.handle);
  }
  const present = new Set([...cluster.ipamHandles.values()].map(({ handle }) => handle));
  const unused = [...present].filter((handle) => !used.has(handle));
  const missing = [...used].filter((handle) => !present.has(handle)).sort();
  // without a single IPAMHandle nobody collected them: that none is there is no news
  const told = present.size === 0 ? [] : missing;
  return {
    lines: [
      "Scanning for IPAM handles with no matching IPs...",
      `Found ${unused.length} handles with no matching IPs (and ${present.size - unused.length + given} handles with matches).`,
      "Scanning for IPs with missing handle...",
      ...(showProblems ? told.map((handle) => `  ${handle} is in use in a block but doesn't exist.`) : []),
      `Found ${told.length} handles mentioned in blocks with no matching handle resource.`,
    ],
    unused,
  };
}
