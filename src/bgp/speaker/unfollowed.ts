import {
  type BirdConfiguration,
  type BirdNumber,
  type BirdOption,
  type BirdSwitch,
  UNFOLLOWED_BIRD_PROTOCOLS,
} from "../../model/bird/configuration.ts";
import type { BirdFilter, BirdPlace } from "../../model/bird/filter.ts";
import type { Family } from "../../net/address.ts";
import { isNotKept } from "../filter/attribute.ts";
import type { ProtocolConfiguration } from "./configuration.ts";

type ProtocolType = ProtocolConfiguration["type"];

/** In which protocols a setting is followed, or decides about no route and no session; elsewhere but its usual value is told. */
interface Rule<T> {
  readonly by: readonly ProtocolType[];
  readonly usual: T;
}

const ALL: readonly ProtocolType[] = ["static", "direct", "device", "kernel", "bgp"];

const SWITCHES: Readonly<Record<BirdSwitch, Rule<boolean | null>>> = {
  passive: { by: ["bgp"], usual: false },
  disabled: { by: ALL, usual: false },
  learn: { by: ["kernel"], usual: false },
  persist: { by: ["kernel"], usual: false },
  "device routes": { by: ["kernel"], usual: false },
  "merge paths": { by: ["kernel"], usual: false },
  "graceful restart": { by: ["bgp", "kernel"], usual: null },
  "ttl security": { by: ["bgp"], usual: false },
  "rr client": { by: ["bgp"], usual: false },
  "rs client": { by: ["bgp"], usual: false },
  "route refresh": { by: [], usual: true },
  "enable route refresh": { by: ["bgp"], usual: true },
  "enable as4": { by: ["bgp"], usual: true },
  "enable extended messages": { by: [], usual: false },
  capabilities: { by: ["bgp"], usual: true },
  "advertise ipv4": { by: ["bgp"], usual: true },
  bfd: { by: [], usual: false },
  // BIRD 2 looks at the link unless it is told not to
  "check link": { by: [], usual: null },
  "strict bind": { by: [], usual: false },
  "interpret communities": { by: ["bgp"], usual: true },
  "deterministic med": { by: ["bgp"], usual: false },
  "med metric": { by: ["bgp"], usual: false },
  "path metric": { by: ["bgp"], usual: true },
  "igp metric": { by: ["bgp"], usual: true },
  "long lived graceful restart": { by: ["bgp"], usual: null },
  "prefer older": { by: ["bgp"], usual: false },
  "import keep filtered": { by: [], usual: false },
  "import table": { by: [], usual: false },
  "export table": { by: [], usual: false },
  secondary: { by: [], usual: false },
  direct: { by: ["bgp"], usual: null },
  "free bind": { by: [], usual: false },
  "check gateway": { by: [], usual: true },
  "extended next hop": { by: ["bgp"], usual: false },
};

const NUMBERS: Readonly<Record<BirdNumber, Rule<number | null>>> = {
  "hold time": { by: ["bgp"], usual: null },
  "keepalive time": { by: ["bgp"], usual: null },
  "startup hold time": { by: ["bgp"], usual: null },
  "connect delay time": { by: ["bgp"], usual: null },
  "connect retry time": { by: ["bgp"], usual: null },
  "error forget time": { by: ["bgp"], usual: null },
  "graceful restart time": { by: ["bgp"], usual: null },
  "long lived stale time": { by: ["bgp"], usual: null },
  // changes reach BIRD without a scan
  "scan time": { by: ["kernel", "device"], usual: null },
  preference: { by: ALL, usual: null },
  metric: { by: ["kernel"], usual: 0 },
  "kernel table": { by: ["kernel"], usual: null },
  "default bgp_med": { by: ["bgp"], usual: null },
  "default bgp_local_pref": { by: ["bgp"], usual: null },
  "allow local as": { by: ["bgp"], usual: null },
  "merge paths limit": { by: ["kernel"], usual: null },
  cost: { by: [], usual: 0 },
};

/** Settings known by their words alone that decide about nothing that podpath plays, or that are followed. */
const INDIFFERENT =
  /^(?:mrtdump|setkey|netlink rx|[rt]x (?:buffer|class|priority)|(?:graceful restart|long lived graceful restart) .*aware|aware$|disable after (?:error|cease) (?:off|no)$|allow bgp_local_pref (?:off|no)$)/;

/** The table of BIRD 1.6 that every protocol has unless it says otherwise. */
export const MASTER = "master";

/** Those of BIRD 2 are master4 and master6. */
export function isMaster(table: string): boolean {
  return table === MASTER || table === "master4" || table === "master6";
}

/** What a setting asks for that podpath does not do, as it is written; null: it is followed, or makes no difference. */
export function unfollowed(type: ProtocolType, option: BirdOption, family: Family): string | null {
  switch (option.kind) {
    case "switch": {
      const { by, usual } = SWITCHES[option.name];
      return by.includes(type) || option.on === usual ? null : `${option.name} ${option.on ? "on" : "off"}`;
    }
    case "number": {
      const { by, usual } = NUMBERS[option.name];
      return by.includes(type) || option.value === usual ? null : `${option.name} ${option.value}`;
    }
    case "limit":
      return type === "bgp" || option.count === null ? null : `${option.what} limit ${option.count}`;
    case "neighbor":
      if (option.as === "external") return "neighbor external: there is no session";
      return option.interface === null ? null : `neighbor on the interface ${option.interface}`;
    case "local":
      return option.port === null ? null : `local port ${option.port}`;
    case "interface":
      return type === "direct" ? null : "interface";
    case "route":
      return unfollowedRoute(option);
    case "other":
      return unfollowedWords(option.name, option.words, family);
    case "next hop":
      return FOLLOWED_NEXT_HOP.test(option.how) ? null : `next hop ${option.how}`;
    case "table":
      return isMaster(option.name) ? null : `table ${option.name}: only the master table is followed`;
    case "source address":
    case "import":
    case "export":
    case "multihop":
    // a redacted password is told where it is read
    case "password":
    case "rr cluster id":
    case "router id":
    case "gateway":
    case "add paths":
    case "error wait time":
    case "description":
    case "debug":
    // its settings are judged by themselves
    case "channel":
      return null;
  }
}

function unfollowedRoute({ targets }: BirdOption & { readonly kind: "route" }): string | null {
  for (const target of targets) {
    if (target.kind === "via" && target.interface !== null) return `route … via … % ${target.interface}`;
  }
  return null;
}

function unfollowedWords(name: string, words: readonly string[], family: Family): string | null {
  const written = words[0] === name ? words.join(" ") : [name, ...words].join(" ");
  if (INDIFFERENT.test(written)) return null;
  // link-local next hops are IPv6's
  if (name === "missing" && family === 4) return null;
  if (name === "neighbor") return `${written.slice(0, 60)}: who dials from there is refused`;
  return written.slice(0, 60);
}

/** `next hop self ebgp` and the like are for some routes alone. */
const FOLLOWED_NEXT_HOP = /^(?:self|keep|address \S+)$/;

type Told = BirdPlace & { readonly text: string };

/** Statements outside of protocols that podpath does not follow, and those of filters wherever they stand. */
export function unfollowedStatements(configuration: BirdConfiguration): readonly Told[] {
  const { others, functions, filters, templates, protocols, leftOut, includes } = configuration;
  const misread = leftOut.map((place) => ({ ...place, text: "what stands here, which podpath does not understand" }));
  const missing = includes.flatMap(({ name, found, origin, column }) =>
    found ? [] : [{ origin, column, text: `include "${name.slice(0, 60)}", which is not there` }],
  );
  const statements = others.flatMap(({ words, origin, column }) => {
    const text = words.join(" ").slice(0, 60);
    return UNFOLLOWED_STATEMENT.test(text) ? [{ origin, column, text }] : [];
  });
  const inline = [...templates, ...protocols].flatMap(({ type, options }) =>
    UNFOLLOWED_BIRD_PROTOCOLS.has(type) ? [] : options.flatMap(filtersOf),
  );
  return [...misread, ...missing, ...statements, ...[...functions, ...filters, ...inline].flatMap(lostIn)];
}

/** The daemon would choose its identifier, wait otherwise, or tell times otherwise. */
const UNFOLLOWED_STATEMENT =
  /^(?:router id from|graceful restart wait|timeformat (?:protocol|route) (?!iso (?:short|long)(?: [mu]s)?$)|timeformat base (?!iso long(?: [mu]s)?$))/;

function filtersOf(option: BirdOption): readonly BirdFilter[] {
  switch (option.kind) {
    case "import":
    case "export":
      return option.use.kind === "inline" ? [option.use.filter] : [];
    case "route":
      return option.filter === null ? [] : [option.filter];
    case "channel":
      return option.options.flatMap(filtersOf);
    default:
      return [];
  }
}

/** Attributes that are set and not kept. */
function lostIn({ variables, body }: Pick<BirdFilter, "variables" | "body">): readonly Told[] {
  const own = new Set(variables.map(({ name }) => name));
  const told: Told[] = [];
  const waiting = [...body].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.kind === "block") waiting.push(...next.statements);
    else if (next.kind === "case") for (const { statements } of next.branches) waiting.push(...statements);
    else if (next.kind === "if") waiting.push(next.body, ...(next.otherwise === null ? [] : [next.otherwise]));
    else if (next.kind === "assign" && next.target.kind === "name") {
      const { name } = next.target;
      if (!own.has(name) && isNotKept(name))
        told.push({ origin: next.origin, column: next.column, text: `${name} = …` });
    }
  }
  return told;
}
