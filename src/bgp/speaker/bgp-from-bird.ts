import { UNKNOWN_KEY } from "../../emulator/tcp/connection.ts";
import type { BirdOption } from "../../model/bird/configuration.ts";
import { type Address, type Family, parseAddress } from "../../net/address.ts";
import { familiesIn, isChannel, last, number, switched } from "./bird-options.ts";
import {
  BGP_PORT,
  type BgpConfiguration,
  type ChannelConfiguration,
  type CommonConfiguration,
  type LimitConfiguration,
  type SpeakerConfiguration,
} from "./configuration.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";

const EXTERNAL_HOPS = 64;
const DEFAULT_HOLD_TIME = 240;

/** What a protocol is told, all of it and what is for one family; whether it has routes of that. */
export interface Settings {
  readonly written: readonly BirdOption[];
  readonly options: readonly BirdOption[];
  readonly hasRoutes: boolean;
  readonly family: Family;
}

/** An instance of BGP as its options make it; null: BIRD refuses it, or nobody plays it. */
export function bgpOf(
  common: CommonConfiguration,
  { written, options, family }: Settings,
  release: SpeakerConfiguration["release"],
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
  const ofSession = written.filter(({ kind }) => kind !== "channel");
  const restart = gracefulRestartOf(ofSession);
  const channels = channelsOf(written, family, release);
  const own = channels.find((channel) => channel.family === family);
  const missing = release === "2" && !internal ? missingPolicy(written) : null;
  if (missing !== null) return refuse(`EBGP requires explicit ${missing} policy`);
  if (own?.extendedNextHop === true && gateway === "recursive") {
    const text = "extended next hop on where next hops are looked up: those of the other family are in its table";
    const place =
      options.findLast((option) => option.kind === "switch" && option.name === "extended next hop") ?? common;
    faults.push({ origin: place.origin, column: place.column, kind: "unmodelled", text });
  }
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
    channels,
    isCarried: neighbour.address.family !== family,
    nextHopAddress: nextHopAddressOf(options),
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
    addPathReceive: own?.addPathReceive ?? false,
    addPathSend: own?.addPathSend ?? false,
    gracefulRestart: restart,
    gracefulRestartTime: number(options, "graceful restart time") ?? 120,
    longLivedRestart: longLivedOf(ofSession, restart),
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

/** What is said of each family in the OPEN: of that of a BIRD 1.6, of those of the channels of a BIRD 2. */
function channelsOf(
  written: readonly BirdOption[],
  family: Family,
  release: SpeakerConfiguration["release"],
): readonly ChannelConfiguration[] {
  const told = familiesIn(written);
  // in capabilities they stand in order (bgp_af_caps_cmp)
  const families = release === "2" && told.length > 0 ? [...told].sort((x, y) => x - y) : [family];
  const common = written.filter(({ kind }) => kind !== "channel");
  const restart = gracefulRestartOf(common);
  const longLived = longLivedOf(common, restart);
  const channels = families.map((one) => {
    const inside = written.flatMap((option) =>
      option.kind === "channel" && isChannel(option, one) ? option.options : [],
    );
    const options = [...common, ...inside];
    const addPaths = last(options, "add paths")?.how ?? "off";
    const keeps = switched(inside, "long lived graceful restart", longLived === "able");
    return {
      family: one,
      addPathReceive: addPaths === "on" || addPaths === "switch" || addPaths === "rx",
      addPathSend: addPaths === "on" || addPaths === "switch" || addPaths === "tx",
      extendedNextHop: switched(options, "extended next hop", false),
      restarts: switched(inside, "graceful restart", restart === "able"),
      staleTime: keeps ? (number(options, "long lived stale time") ?? 3600) : null,
    };
  });
  const says = channels.map((channel) => Object.values(channel).join(" ")).join("; ");
  const known = alike.get(says) ?? channels;
  alike.set(says, known);
  return known;
}

/** Thousands of sessions say the same few things. */
const alike = new Map<string, readonly ChannelConfiguration[]>();

/** A session with another AS says what it lets in and out, in each channel; null: it does (bgp_postconfig of BIRD 2). */
function missingPolicy(written: readonly BirdOption[]): "import" | "export" | null {
  for (const one of [4, 6] as const) {
    const inside = written.flatMap((option) =>
      option.kind === "channel" && isChannel(option, one) ? option.options : [],
    );
    if (!written.some((option) => isChannel(option, one))) continue;
    for (const kind of ["import", "export"] as const) if (last(inside, kind) === null) return kind;
  }
  return null;
}

function nextHopAddressOf(options: readonly BirdOption[]): Address | null {
  const found = options.findLast((option) => option.kind === "next hop" && option.how.startsWith("address "));
  return found?.kind === "next hop" ? parseAddress(found.how.slice("address ".length)) : null;
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
