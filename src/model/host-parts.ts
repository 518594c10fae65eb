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

const PARTS = Symbol("parts");

interface OfParts {
  readonly [PARTS]: HostParts;
}

function getter<T>(read: (parts: HostParts) => T): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get(this: OfParts): T {
      return read(this[PARTS]);
    },
  };
}

// One function for all hosts: where each has getters of its own, a look at any field of a host is a search in a dictionary.
const BEFORE = {
  sysctls: getter(({ sysctls }) => sysctls()),
  dumpedSysctls: getter(({ dumpedSysctls }) => dumpedSysctls()),
  routes: getter(({ routes }) => routes()),
  policyRules: getter(({ policyRules }) => policyRules()),
  rulesets: getter(({ rulesets }) => rulesets()),
  ipSets: getter(({ ipSets }) => ipSets()),
  nftBaseChains: getter(({ nftBaseChains }) => nftBaseChains()),
  neighbours: getter(({ neighbours }) => neighbours()),
  fdb: getter(({ fdb }) => fdb()),
  conntrack: getter(({ conntrack }) => conntrack()),
  sockets: getter(({ sockets }) => sockets()),
};
const AFTER = {
  recentLists: getter(({ recentLists }) => recentLists?.() ?? NO_LISTS),
  kernel: getter(({ kernel }) => kernel?.() ?? null),
};

function told(value: unknown): PropertyDescriptor {
  return { value, enumerable: true, configurable: true, writable: true };
}

/** The host of these parts. A copy of it (`{ ...host }`) has all of them, made in this order. */
export function hostOf(parts: HostParts): Host {
  const host: Host = Object.create(Object.prototype, {
    [PARTS]: { value: parts },
    name: told(parts.name),
    kind: told(parts.kind),
    interfaces: told(parts.interfaces),
    ...BEFORE,
    knowledge: told(parts.knowledge),
    node: told(parts.node),
    ...AFTER,
    origin: told(parts.origin),
    ...(parts.localRoutes === undefined ? {} : { localRoutes: told(parts.localRoutes) }),
    ...(parts.bystander === undefined ? {} : { bystander: told(parts.bystander) }),
  });
  return host;
}

/** The parts of a host, to make one that differs in some of them. */
export function partsOfHost(host: Host): HostParts {
  return partsWith(host, () => host.routes, undefined);
}

/** Not begun as a copy: that has a shape of its own each time, which takes longer to make and to look into. */
function partsWith(host: Host, routes: () => Host["routes"], bystander: Host["bystander"]): HostParts {
  return {
    name: host.name,
    kind: host.kind,
    interfaces: host.interfaces,
    sysctls: () => host.sysctls,
    dumpedSysctls: () => host.dumpedSysctls,
    routes,
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
    ...(bystander === undefined ? {} : { bystander }),
  };
}

/** The same host but for its routes; none of its other parts is made for that. */
export function hostWithRoutes(host: Host, routes: () => Host["routes"]): Host {
  return hostOf(partsWith(host, routes, host.bystander));
}
