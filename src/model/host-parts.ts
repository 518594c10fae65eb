import type { Host } from "./host.ts";

/** Parts of a host that are read from dumps of their own. */
type ReadPart =
  | "sysctls"
  | "dumpedSysctls"
  | "routes"
  | "policyRules"
  | "rulesets"
  | "ipSets"
  | "nftBaseChains"
  | "neighbours"
  | "fdb"
  | "conntrack"
  | "sockets";

/** A Host of which each part is made when it is asked for. */
export type HostParts = Omit<Host, ReadPart | "kernel" | "recentLists"> & {
  readonly [P in ReadPart]: () => Host[P];
} & {
  readonly kernel?: () => string | null;
  readonly recentLists?: () => NonNullable<Host["recentLists"]>;
};

const NO_LISTS: NonNullable<Host["recentLists"]> = new Map();

/** The host of these parts. A copy of it (`{ ...host }`) has all of them, made in this order. */
export function hostOf(parts: HostParts): Host {
  return {
    name: parts.name,
    kind: parts.kind,
    interfaces: parts.interfaces,
    get sysctls() {
      return parts.sysctls();
    },
    get dumpedSysctls() {
      return parts.dumpedSysctls();
    },
    get routes() {
      return parts.routes();
    },
    get policyRules() {
      return parts.policyRules();
    },
    get rulesets() {
      return parts.rulesets();
    },
    get ipSets() {
      return parts.ipSets();
    },
    get nftBaseChains() {
      return parts.nftBaseChains();
    },
    get neighbours() {
      return parts.neighbours();
    },
    get fdb() {
      return parts.fdb();
    },
    get conntrack() {
      return parts.conntrack();
    },
    get sockets() {
      return parts.sockets();
    },
    knowledge: parts.knowledge,
    node: parts.node,
    get recentLists() {
      return parts.recentLists?.() ?? NO_LISTS;
    },
    get kernel() {
      return parts.kernel?.() ?? null;
    },
    origin: parts.origin,
    ...(parts.localRoutes === undefined ? {} : { localRoutes: parts.localRoutes }),
    ...(parts.bystander === undefined ? {} : { bystander: parts.bystander }),
  };
}

/** The parts of a host, to make one that differs in some of them. */
export function partsOfHost(host: Host): HostParts {
  return {
    name: host.name,
    kind: host.kind,
    interfaces: host.interfaces,
    sysctls: () => host.sysctls,
    dumpedSysctls: () => host.dumpedSysctls,
    routes: () => host.routes,
    policyRules: () => host.policyRules,
    rulesets: () => host.rulesets,
    ipSets: () => host.ipSets,
    nftBaseChains: () => host.nftBaseChains,
    neighbours: () => host.neighbours,
    fdb: () => host.fdb,
    conntrack: () => host.conntrack,
    sockets: () => host.sockets,
    knowledge: host.knowledge,
    node: host.node,
    recentLists: () => host.recentLists ?? NO_LISTS,
    kernel: () => host.kernel ?? null,
    origin: host.origin,
    ...(host.localRoutes === undefined ? {} : { localRoutes: host.localRoutes }),
  };
}

/** The same host but for its routes; none of its other parts is made for that. */
export function hostWithRoutes(host: Host, routes: () => Host["routes"]): Host {
  const { bystander } = host;
  return hostOf({ ...partsOfHost(host), routes, ...(bystander === undefined ? {} : { bystander }) });
}
