import {
  type BirdConfiguration,
  type BirdFilterUse,
  type BirdOption,
  type BirdProtocolConfiguration,
  PEER_TABLE,
  UNFOLLOWED_BIRD_PROTOCOLS,
} from "../../model/bird/configuration.ts";
import type { Address, Family } from "../../net/address.ts";
import { filterEnvironment } from "../filter/evaluate.ts";
import { bgpOf, type Settings } from "./bgp-from-bird.ts";
import { familiesIn, filterUse, isChannel, last, number, switched } from "./bird-options.ts";
import {
  BGP_PORT,
  type KernelConfiguration,
  type ProtocolConfiguration,
  type SpeakerConfiguration,
  type TimeFormat,
  type UnplayedProtocol,
} from "./configuration.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";
import { refusedByBird2 } from "./refused-by-bird-2.ts";
import { isMaster, MASTER, unfollowed, unfollowedStatements } from "./unfollowed.ts";

export interface ReadSpeaker {
  /** Null where BIRD refuses the configuration. */
  readonly speaker: SpeakerConfiguration | null;
  readonly faults: readonly ConfigurationFault[];
}

/** KRT_DEFAULT_ECMP_LIMIT. */
const MERGE_LIMIT = 16;
/** KRT_DEFAULT_METRIC of BIRD 2. */
const KERNEL_METRIC = 32;

/**
 * The families whose routes the daemon of a configuration has: a BIRD 2 those of its channels. Null: one, which BIRD 1.6 does not write into
 * the file.
 */
export function familiesOf({ syntax, protocols, templates }: BirdConfiguration): readonly Family[] | null {
  if (syntax === "1.6") return null;
  const all = [...templates, ...protocols].flatMap(({ options }) => options);
  const hasChannel = (family: Family): boolean => all.some((option) => isChannel(option, family));
  // the half with the neighbours of a family has their sessions, whatever routes they carry
  const hasNeighbour = (family: Family): boolean =>
    all.some((option) => option.kind === "neighbor" && option.address?.family === family);
  const some = hasChannel(4) || hasChannel(6);
  const families = ([4, 6] as const).filter((family) => hasChannel(family) || (some && hasNeighbour(family)));
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
  const listed: { readonly name: string; readonly channels: readonly Family[] }[] = [];
  for (const protocol of configuration.protocols) {
    const written = writtenOptions(protocol, templates, faults);
    if (configuration.syntax === "2") listed.push({ name: protocol.name, channels: familiesIn(written) });
    if (configuration.syntax === "2") {
      if (isElsewhere(protocol, written, family)) continue;
      const refusals = refusedByBird2(protocol, written, configuration);
      faults.push(...refusals);
      if (refusals.length > 0) continue;
    }
    const options = ofFamily(written, protocol.type, family, faults);
    // without a channel no routes of the family come or go
    const needsChannel = configuration.syntax === "2" && protocol.type !== "device";
    const hasRoutes = !needsChannel || written.some((one) => isChannel(one, family));
    const made = protocolOf(protocol, { written, options, hasRoutes, family }, configuration.syntax, faults);
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
          release: configuration.syntax,
          listed,
          routerId: id.a,
          listenAddress: configuration.listen?.address ?? null,
          listenPort: configuration.listen?.port ?? BGP_PORT,
          protocols,
          unplayed,
          baseTimes: timesOf(configuration, "base"),
          protocolTimes: timesOf(configuration, "protocol"),
          routeTimes: timesOf(configuration, "route"),
          filters: filterEnvironment(configuration),
        },
    faults,
  };
}

function timesOf({ others, syntax }: BirdConfiguration, of: "base" | "protocol" | "route"): TimeFormat {
  const last = others.findLast(({ words }) => words[0] === "timeformat" && words[1] === of);
  const usual = of === "base" ? "long" : "short";
  if (last === undefined) return syntax === "2" ? `${usual} ms` : usual;
  const [, , iso, length, fraction] = last.words;
  const base = iso === "iso" && length === "long" ? "long" : "short";
  return fraction === "ms" || fraction === "us" ? `${base} ${fraction}` : base;
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

const OTHER_FAMILY = { 4: 6, 6: 4 } as const;

/** Whether the half of a BIRD 2 with the other family has it alone: a session with a neighbour of that and no channel of this, another protocol with a channel of that. */
function isElsewhere({ type }: BirdProtocolConfiguration, written: readonly BirdOption[], family: Family): boolean {
  if (type !== "bgp") {
    const has = (one: Family): boolean => written.some((option) => isChannel(option, one));
    return has(OTHER_FAMILY[family]) && !has(family);
  }
  const neighbour = last(written, "neighbor")?.address ?? null;
  return neighbour !== null && neighbour.family !== family && !written.some((option) => isChannel(option, family));
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
    // the other half of the daemon has it
    if (isChannel(option, OTHER_FAMILY[family])) return [];
    const { origin, column, channel } = option;
    const text = type === "bgp" ? `channel ${channel}: sessions carry IPv4 and IPv6 alone` : `channel ${channel}`;
    faults.push({ origin, column, kind: "unmodelled", text });
    return [];
  });
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
  settings: Settings,
  release: SpeakerConfiguration["release"],
  faults: ConfigurationFault[],
): ProtocolConfiguration | null {
  const { options, hasRoutes, family } = settings;
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
        metric: number(options, "metric") ?? (release === "2" ? KERNEL_METRIC : 0),
        kernelTable: number(options, "kernel table"),
        deviceRoutes: switched(options, "device routes", false),
      };
    }
    case "bgp":
      return bgpOf(
        { origin, column, name, disabled, description, table, routerId, preference, import: imports, export: exports },
        settings,
        release,
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
