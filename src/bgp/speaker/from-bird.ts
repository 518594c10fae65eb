import { UNKNOWN_KEY } from "../../emulator/tcp/connection.ts";
import {
  type BirdConfiguration,
  type BirdFilterUse,
  type BirdNumber,
  type BirdOption,
  type BirdProtocolConfiguration,
  type BirdSwitch,
  PEER_TABLE,
  UNFOLLOWED_BIRD_PROTOCOLS,
} from "../../model/bird/configuration.ts";
import type { Origin } from "../../model/origin.ts";
import type { Address, Family } from "../../net/address.ts";
import { filterEnvironment } from "../filter/evaluate.ts";
import {
  BGP_PORT,
  type BgpConfiguration,
  type CommonConfiguration,
  type KernelConfiguration,
  type LimitConfiguration,
  type ProtocolConfiguration,
  type SpeakerConfiguration,
  type UnplayedProtocol,
} from "./configuration.ts";
import { isMaster, MASTER, unfollowed, unfollowedStatements } from "./unfollowed.ts";

/** Why a daemon does not start, or a part of its configuration is not followed; in BIRD's own words where it has some. */
export interface ConfigurationFault {
  readonly origin: Origin;
  readonly column: number;
  /**
   * `refused`: BIRD does not take the file. `unmodelled`: BIRD would do what podpath does not, and may have other sessions and routes for it.
   * `assumed`: nobody tells a part, and it is taken to be as it should.
   */
  readonly kind: "refused" | "unmodelled" | "assumed";
  readonly text: string;
}

export interface ReadSpeaker {
  /** Null where BIRD refuses the configuration. */
  readonly speaker: SpeakerConfiguration | null;
  readonly faults: readonly ConfigurationFault[];
}

const EXTERNAL_HOPS = 64;
/** KRT_DEFAULT_ECMP_LIMIT. */
const MERGE_LIMIT = 16;
const DEFAULT_HOLD_TIME = 240;

/**
 * The families whose routes the daemon of a configuration has: a BIRD 2 those of its channels. Null: one, which BIRD 1.6 does not write into
 * the file.
 */
export function familiesOf({ syntax, protocols, templates }: BirdConfiguration): readonly Family[] | null {
  if (syntax === "1.6") return null;
  const all = [...templates, ...protocols].flatMap(({ options }) => options);
  const families = ([4, 6] as const).filter((family) => all.some((option) => isChannel(option, family)));
  return families.length === 0 ? null : families;
}

/**
 * The daemon that a configuration of BIRD makes, for one family: BIRD 1.6 runs one for each, and of a BIRD 2 it is the part with the
 * sessions to neighbours of the family.
 */
export function speakerOf(configuration: BirdConfiguration, family: Family, fallbackId: Address | null): ReadSpeaker {
  const faults: ConfigurationFault[] = [];
  const templates = new Map(configuration.templates.map((item) => [item.name, item]));
  const id = configuration.routerId?.id ?? fallbackId;
  const protocols: ProtocolConfiguration[] = [];
  const unplayed: UnplayedProtocol[] = [];
  for (const protocol of configuration.protocols) {
    const written = writtenOptions(protocol, templates, faults);
    if (isElsewhere(protocol, written, family)) continue;
    const options = ofFamily(written, protocol.type, family, faults);
    // without a channel no routes of the family come or go
    const hasRoutes = written.every(({ kind }) => kind !== "channel") || written.some((one) => isChannel(one, family));
    const made = protocolOf(protocol, options, hasRoutes, family, faults);
    if (made !== null) protocols.push(made);
    else unplayed.push(unplayedOf(protocol, options, protocols.at(-1)?.name ?? null));
  }
  for (const { text, origin, column } of unfollowedStatements(configuration)) {
    faults.push({ origin, column, kind: "unmodelled", text });
  }
  const last = configuration.protocols.at(-1);
  if (id === null) {
    faults.push({
      origin: last?.origin ?? 0,
      column: last?.column ?? 1,
      kind: "refused",
      text: "Router ID must be configured manually",
    });
  }
  const refused = id === null || faults.some(({ kind }) => kind === "refused");
  return {
    speaker: refused
      ? null
      : {
          family,
          routerId: id.a,
          listenAddress: configuration.listen?.address ?? null,
          listenPort: configuration.listen?.port ?? BGP_PORT,
          protocols,
          unplayed,
          protocolTimes: timesOf(configuration, "protocol"),
          routeTimes: timesOf(configuration, "route"),
          filters: filterEnvironment(configuration),
        },
    faults,
  };
}

function timesOf({ others }: BirdConfiguration, of: "protocol" | "route"): "short" | "long" {
  const last = others.findLast(({ words }) => words[0] === "timeformat" && words[1] === of);
  return last?.words[2] === "iso" && last.words[3] === "long" ? "long" : "short";
}

/** Options of the template first, then the protocol's own, which replace them. */
function writtenOptions(
  protocol: BirdProtocolConfiguration,
  templates: ReadonlyMap<string, BirdProtocolConfiguration>,
  faults: ConfigurationFault[],
): readonly BirdOption[] {
  const chain: BirdProtocolConfiguration[] = [protocol];
  for (let from = protocol.from; from !== null; ) {
    const template = templates.get(from);
    if (template === undefined || chain.includes(template)) {
      faults.push({ ...protocol, kind: "refused", text: `Template expected: ${from}` });
      break;
    }
    chain.unshift(template);
    from = template.from;
  }
  return chain.flatMap(({ options }) => options);
}

function isChannel(option: BirdOption, family: Family): boolean {
  return option.kind === "channel" && option.channel === `ipv${family}`;
}

const OTHER_FAMILY = { 4: 6, 6: 4 } as const;

/** Whether the part of a BIRD 2 with the other family has it: a session with a neighbour of that, another protocol with a channel of that alone. */
function isElsewhere({ type }: BirdProtocolConfiguration, written: readonly BirdOption[], family: Family): boolean {
  if (!written.some(({ kind }) => kind === "channel")) return false;
  if (type !== "bgp") {
    const has = (one: Family): boolean => written.some((option) => isChannel(option, one));
    return has(OTHER_FAMILY[family]) && !has(family);
  }
  const neighbour = last(written, "neighbor")?.address ?? null;
  return neighbour !== null && neighbour.family !== family;
}

/** Those of a channel of the family among the others. What stands in another channel of a session is not followed. */
function ofFamily(
  written: readonly BirdOption[],
  type: string,
  family: Family,
  faults: ConfigurationFault[],
): readonly BirdOption[] {
  return written.flatMap((option) => {
    if (option.kind !== "channel") return [option];
    if (isChannel(option, family)) return option.options;
    // the other part of the daemon has it
    if (type !== "bgp" && isChannel(option, OTHER_FAMILY[family])) return [];
    const { origin, column, channel } = option;
    faults.push({ origin, column, kind: "unmodelled", text: channelText(channel, type, family) });
    return [];
  });
}

function channelText(channel: string, type: string, family: Family): string {
  return type === "bgp" ? `channel ${channel}: the session carries IPv${family} alone` : `channel ${channel}`;
}

type OptionKind = BirdOption["kind"];

function last<K extends OptionKind>(options: readonly BirdOption[], kind: K): (BirdOption & { kind: K }) | null {
  for (let index = options.length - 1; index >= 0; index--) {
    const option = options[index];
    if (option !== undefined && isKind(option, kind)) return option;
  }
  return null;
}

function isKind<K extends OptionKind>(option: BirdOption, kind: K): option is BirdOption & { kind: K } {
  return option.kind === kind;
}

function switched(options: readonly BirdOption[], name: BirdSwitch, otherwise: boolean): boolean {
  let on = otherwise;
  for (const option of options) if (option.kind === "switch" && option.name === name) on = option.on;
  return on;
}

function number(options: readonly BirdOption[], name: BirdNumber): number | null {
  let value: number | null = null;
  for (const option of options) if (option.kind === "number" && option.name === name) value = option.value;
  return value;
}

function filterUse(options: readonly BirdOption[], kind: "import" | "export", otherwise: BirdFilterUse): BirdFilterUse {
  let use = otherwise;
  for (const option of options) if (option.kind === kind) ({ use } = option);
  return use;
}

/** What is told of a protocol that is not played. */
function unplayedOf(
  { type, name }: BirdProtocolConfiguration,
  options: readonly BirdOption[],
  behind: string | null,
): UnplayedProtocol {
  const peer = options.findLast((option) => option.kind === "other" && option.name === PEER_TABLE);
  return {
    type,
    name,
    disabled: switched(options, "disabled", false),
    description: last(options, "description")?.text ?? null,
    table: last(options, "table")?.name ?? MASTER,
    peerTable: peer?.kind === "other" ? (peer.words[0] ?? null) : null,
    routerId: last(options, "router id")?.id.a ?? null,
    preference: number(options, "preference"),
    import: filterUse(options, "import", { kind: "all" }),
    export: filterUse(options, "export", { kind: "none" }),
    behind,
  };
}

/** Preferences of the protocols (nest/protocol.h, BIRD 1.6). */
const PREFERENCES = { static: 200, direct: 240, device: 240, kernel: 10, bgp: 100 };

function protocolOf(
  protocol: BirdProtocolConfiguration,
  options: readonly BirdOption[],
  hasRoutes: boolean,
  family: Family,
  faults: ConfigurationFault[],
): ProtocolConfiguration | null {
  const { type, name, origin, column } = protocol;
  const unmodelled = (text: string): void => {
    faults.push({ origin, column, kind: "unmodelled", text });
  };
  if (UNFOLLOWED_BIRD_PROTOCOLS.has(type)) unmodelled(`protocol ${type}`);
  if (type !== "static" && type !== "direct" && type !== "device" && type !== "kernel" && type !== "bgp") return null;
  tellUnfollowed(type, options, family, faults);
  const table = last(options, "table")?.name ?? MASTER;
  const hasOtherTable = !isMaster(table);
  // what it does with another table reaches no other protocol that is followed
  if (hasOtherTable && type !== "bgp" && type !== "device") return null;
  const tellsNothing = hasOtherTable || !hasRoutes;
  const disabled = switched(options, "disabled", false);
  const description = last(options, "description")?.text ?? null;
  const routerId = last(options, "router id")?.id.a ?? null;
  const preference = number(options, "preference") ?? PREFERENCES[type];
  const imports: BirdFilterUse = tellsNothing ? { kind: "none" } : filterUse(options, "import", { kind: "all" });
  const exports: BirdFilterUse = tellsNothing ? { kind: "none" } : filterUse(options, "export", { kind: "none" });
  // Each in one literal: an object that begins as a copy of another has a shape of its own, which makes each look into it slow.
  switch (type) {
    case "static":
      return {
        origin,
        column,
        name,
        disabled,
        description,
        table,
        routerId,
        preference,
        import: imports,
        export: exports,
        type,
        routes: options.flatMap((option) =>
          option.kind === "route" && option.destination.address.family === family ? [option] : [],
        ),
      };
    case "direct":
      return {
        origin,
        column,
        name,
        disabled,
        description,
        table,
        routerId,
        preference,
        import: imports,
        export: exports,
        type,
        // each adds to the list (iface_list)
        interfaces: options.flatMap((option) => (option.kind === "interface" ? option.patterns : [])),
      };
    case "device":
      return {
        origin,
        column,
        name,
        disabled,
        description,
        table,
        routerId,
        preference,
        import: imports,
        export: exports,
        type,
      };
    case "kernel": {
      const { mergePaths, mergeLimit } = mergeOf(options);
      return {
        origin,
        column,
        name,
        disabled,
        description,
        table,
        routerId,
        preference,
        import: imports,
        export: exports,
        type,
        learn: switched(options, "learn", false),
        persist: switched(options, "persist", false),
        gracefulRestart: switched(options, "graceful restart", false),
        scanTime: number(options, "scan time") ?? 60,
        mergePaths,
        mergeLimit,
        kernelTable: number(options, "kernel table"),
        deviceRoutes: switched(options, "device routes", false),
      };
    }
    case "bgp":
      return bgpOf(
        { origin, column, name, disabled, description, table, routerId, preference, import: imports, export: exports },
        options,
        faults,
      );
  }
}

/** What is asked for last, and not done, is told where it is written; that of a template once for all that are made from it. */
function tellUnfollowed(
  type: ProtocolConfiguration["type"],
  options: readonly BirdOption[],
  family: Family,
  faults: ConfigurationFault[],
): void {
  const asked = new Map<string, BirdOption>();
  for (const option of options) asked.set(subjectOf(option), option);
  for (const option of asked.values()) {
    const text = unfollowed(type, option, family);
    const { origin, column } = option;
    if (text === null || faults.some((known) => known.origin === origin && known.text === text)) continue;
    faults.push({ origin, column, kind: "unmodelled", text });
  }
}

/** Options of one subject replace each other. */
function subjectOf(option: BirdOption): string {
  switch (option.kind) {
    case "switch":
    case "number":
      return option.name;
    case "limit":
      return `limit ${option.what}`;
    case "other":
      return `other ${option.words.slice(0, 2).join(" ")}`;
    case "route":
      return `route ${option.origin} ${option.column}`;
    default:
      return `kind ${option.kind}`;
  }
}

function bgpOf(
  common: CommonConfiguration,
  options: readonly BirdOption[],
  faults: ConfigurationFault[],
): BgpConfiguration | null {
  const { origin, column } = common;
  const refuse = (text: string): null => {
    faults.push({ origin, column, kind: "refused", text });
    return null;
  };
  const local = last(options, "local");
  const neighbour = last(options, "neighbor");
  const localAs = options.reduce<number | null>(
    (as, option) => (option.kind === "local" ? (option.as ?? as) : as),
    null,
  );
  if (localAs === null) return refuse("Local AS number must be set");
  // `neighbor range` and `external` are BIRD 2's: told as not followed
  if (options.some((option) => option.kind === "other" && option.name === "neighbor")) return null;
  if (neighbour?.as === "external") return null;
  if (neighbour === null || neighbour.address === null) return refuse("Neighbor must be configured");
  const remoteAs = neighbour.as === "internal" ? localAs : neighbour.as;
  if (localAs === 0) return refuse("Local AS number must be set");
  if (remoteAs === null || remoteAs === 0) return refuse("Remote AS number must be set");
  const internal = localAs === remoteAs;
  const as4 = switched(options, "enable as4", true);
  const capabilities = switched(options, "capabilities", true);
  if (!(as4 && capabilities) && remoteAs > 0xffff) {
    return refuse("Neighbor AS number out of range (AS4 not available)");
  }
  const reflectorClient = switched(options, "rr client", false);
  if (reflectorClient && !internal) return refuse("Only internal neighbor can be RR client");
  const routeServerClient = switched(options, "rs client", false);
  if (routeServerClient && internal) return refuse("Only external neighbor can be RS client");
  const multihop = multihopOf(options, internal);
  const gateway = last(options, "gateway")?.how ?? (multihop === null ? "direct" : "recursive");
  if (multihop !== null && gateway === "direct") return refuse("Multihop BGP cannot use direct gateway mode");
  const addPaths = last(options, "add paths")?.how ?? "off";
  const wait = last(options, "error wait time");
  const cluster = last(options, "rr cluster id")?.id ?? null;
  const nextHop = new Set(options.flatMap((option) => (option.kind === "next hop" ? [option.how] : [])));
  const password = last(options, "password");
  if (password !== null && password.key === null) {
    faults.push({
      ...password,
      kind: "assumed",
      text: `the password of ${common.name} is redacted, and taken for its neighbour's`,
    });
  }
  const holdTime = number(options, "hold time") ?? DEFAULT_HOLD_TIME;
  return {
    origin,
    column,
    name: common.name,
    disabled: common.disabled,
    description: common.description,
    table: common.table,
    preference: common.preference,
    import: common.import,
    export: common.export,
    routerId: common.routerId,
    type: "bgp",
    localAs,
    remoteAs,
    neighbour: neighbour.address,
    port: neighbour.port ?? BGP_PORT,
    sourceAddress: last(options, "source address")?.address ?? local?.address ?? null,
    multihop,
    ttlSecurity: switched(options, "ttl security", false),
    key: password === null ? null : (password.key ?? UNKNOWN_KEY),
    passive: switched(options, "passive", false),
    recursive: gateway === "recursive",
    nextHopSelf: nextHop.has("self"),
    nextHopKeep: nextHop.has("keep"),
    reflectorClient,
    clusterId: cluster === null || typeof cluster === "number" ? cluster : cluster.a,
    routeServerClient,
    allowLocalAs: allowedLocalAs(options),
    addPathReceive: addPaths === "on" || addPaths === "switch" || addPaths === "rx",
    addPathSend: addPaths === "on" || addPaths === "switch" || addPaths === "tx",
    gracefulRestart: gracefulRestartOf(options),
    gracefulRestartTime: number(options, "graceful restart time") ?? 120,
    longLivedRestart: longLivedOf(options, gracefulRestartOf(options)),
    longLivedStaleTime: number(options, "long lived stale time") ?? 3600,
    refresh: switched(options, "enable route refresh", true),
    as4,
    capabilities,
    advertiseIpv4: switched(options, "advertise ipv4", true),
    interpretCommunities: switched(options, "interpret communities", true),
    defaultLocalPref: number(options, "default bgp_local_pref") ?? 100,
    defaultMed: number(options, "default bgp_med") ?? 0,
    medMetric: switched(options, "med metric", false),
    deterministicMed: switched(options, "deterministic med", false),
    comparesPathLength: switched(options, "path metric", true),
    comparesIgpMetric: switched(options, "igp metric", true),
    preferOlder: switched(options, "prefer older", false),
    holdTime,
    startupHoldTime: number(options, "startup hold time") ?? DEFAULT_HOLD_TIME,
    keepaliveTime: number(options, "keepalive time"),
    connectDelay: number(options, "connect delay time") ?? 5,
    connectRetry: number(options, "connect retry time") ?? 120,
    errorWaitLow: wait?.low ?? 60,
    errorWaitHigh: wait?.high ?? 300,
    errorForget: number(options, "error forget time") ?? 300,
    receiveLimit: limitOf(options, "receive"),
    importLimit: limitOf(options, "import"),
    exportLimit: limitOf(options, "export"),
  };
}

/** `merge paths on [limit N]`; the last one counts. */
function mergeOf(options: readonly BirdOption[]): Pick<KernelConfiguration, "mergePaths" | "mergeLimit"> {
  let merged = { mergePaths: false, mergeLimit: MERGE_LIMIT };
  for (const option of options) {
    if (option.kind === "number" && option.name === "merge paths limit") {
      merged = { mergePaths: true, mergeLimit: option.value };
    } else if (option.kind === "switch" && option.name === "merge paths") {
      merged = { mergePaths: option.on, mergeLimit: MERGE_LIMIT };
    }
  }
  return merged;
}

function multihopOf(options: readonly BirdOption[], internal: boolean): number | null {
  let hops: number | null = internal ? EXTERNAL_HOPS : null;
  for (const option of options) {
    if (option.kind === "multihop") hops = option.hops ?? EXTERNAL_HOPS;
    else if (option.kind === "switch" && option.name === "direct" && option.on) hops = null;
  }
  return hops;
}

function allowedLocalAs(options: readonly BirdOption[]): number {
  const written = number(options, "allow local as") ?? 0;
  return written < 0 ? Number.POSITIVE_INFINITY : written;
}

/** `import limit N action A`; 0 is none. `route limit N` is an older name of that of imports. */
function limitOf(options: readonly BirdOption[], what: "receive" | "import" | "export"): LimitConfiguration | null {
  const found = options.findLast(
    (option) => option.kind === "limit" && (option.what === what || (what === "import" && option.what === "route")),
  );
  if (found?.kind !== "limit" || found.count === null) return null;
  const known = limits.get(found);
  if (known !== undefined) return known;
  const { count, action } = found;
  const isNamed = action === "warn" || action === "block" || action === "restart";
  const made: LimitConfiguration = { count, action: found.what === "route" ? "restart" : isNamed ? action : "disable" };
  limits.set(found, made);
  return made;
}

/** One of a template is one for all that are made from it. */
const limits = new WeakMap<BirdOption, LimitConfiguration>();

/** Null: it is as the graceful restart is, but that nothing is promised (bgp_check_config). */
function longLivedOf(
  options: readonly BirdOption[],
  restart: BgpConfiguration["gracefulRestart"],
): BgpConfiguration["longLivedRestart"] {
  let mode: BgpConfiguration["longLivedRestart"] = restart === "off" ? "off" : "aware";
  for (const option of options) {
    if (option.kind === "switch" && option.name === "long lived graceful restart") mode = option.on ? "able" : "off";
    if (option.kind === "other" && option.name === "long lived graceful restart") mode = "aware";
  }
  return mode;
}

function gracefulRestartOf(options: readonly BirdOption[]): BgpConfiguration["gracefulRestart"] {
  let mode: BgpConfiguration["gracefulRestart"] = "aware";
  for (const option of options) {
    if (option.kind === "switch" && option.name === "graceful restart") mode = option.on ? "able" : "off";
    if (option.kind === "other" && option.name === "graceful restart" && option.words.includes("aware")) mode = "aware";
  }
  return mode;
}
