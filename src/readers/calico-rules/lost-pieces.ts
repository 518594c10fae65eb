import { felixRuleText } from "../../calico/felix/felix-rule.ts";
import {
  DEFAULT_FAILSAFE_INBOUND,
  DEFAULT_FAILSAFE_OUTBOUND,
  FELIX_BANDS,
  type FelixSettings,
  isSince,
} from "../../calico/felix/felix-settings.ts";
import { allocateMarkBits } from "../../calico/felix/mark-bits.ts";
import { staticTables } from "../../calico/felix/static-tables.ts";
import type { Family } from "../../net/address.ts";
import { type FelixPieces, felixTexts } from "./felix-spelling.ts";

/** A rule as it may have been before something was lost. */
export interface Candidate {
  /** Spellings of it, the likelier first. */
  readonly texts: Iterable<string>;
  /** What was lost, in Felix's words. */
  readonly lost: string;
}

/** What a host has that a lost piece may have named. */
export interface LostContext {
  readonly family: Family;
  /** Bits of the mark that the rules test or set. */
  readonly marks: readonly number[];
  readonly devices: readonly string[];
  readonly sets: readonly string[];
}

/** Devices that Felix names in its own rules. */
const FELIX_DEVICES = ["cali+", "tunl0", "vxlan.calico", "vxlan-v6.calico", "wireguard.cali", "wg-v6.cali"];

const LOST_MATCHES = [
  "-m rpfilter --invert --validmark",
  "-m conntrack --ctstate RELATED,ESTABLISHED",
  "-m conntrack --ctstate INVALID",
  "-m conntrack --ctstate DNAT",
  "-m conntrack ! --ctstate DNAT",
  "-m addrtype --dst-type LOCAL",
  "-m addrtype --src-type LOCAL",
  "-m addrtype ! --src-type LOCAL --limit-iface-out",
  "-m multiport --destination-ports 4789",
];

const LOST_PROTOCOLS = ["-p tcp", "-p udp", "-p 17", "-p 4", "-p icmp", "-p icmpv6", "-p sctp"];

/**
 * What a rule may have been: what tools are known to leave out, put back one at a time. A set of another version of iptables-nft loses
 * `-m mark`; `iptables -L` without `-v` loses devices; `--random-fully` and negations get lost, and sets lose their names.
 */
export function* lostPieces(pieces: FelixPieces, context: LostContext): Generator<Candidate> {
  const [target = ""] = pieces.target;
  const changed = (lost: string, fields: Partial<FelixPieces>): Candidate => ({
    texts: felixTexts({ ...pieces, ...fields }),
    lost,
  });
  const inserted = function* (match: string): Generator<Candidate> {
    for (let i = 0; i <= pieces.matches.length; i++)
      yield changed(match, { matches: withAt(pieces.matches, i, match) });
  };

  if (/--jump (?:MASQUERADE|SNAT)\b/.test(target) && !target.includes("--random-fully")) {
    yield changed("--random-fully", { target: [`${target} --random-fully`] });
  }
  for (const bit of context.marks) {
    const mark = `0x${bit.toString(16)}`;
    for (const test of [`--mark ${mark}/${mark}`, `--mark 0/${mark}`, `! --mark 0/${mark}`]) {
      yield* inserted(`-m mark ${test}`);
    }
  }
  const workload = /cali-(?:fw|tw|fh|th|thfw|fhfw)-(.+)$/.exec(target)?.[1];
  const prefix = /cali-(?:from|to)-wl-dispatch-(.+)$/.exec(target)?.[1];
  const named = [
    ...(workload === undefined ? [] : [workload]),
    ...(prefix === undefined ? [] : [`cali${prefix}+`]),
    ...FELIX_DEVICES,
    ...context.devices,
  ];
  for (const device of named) {
    for (const option of ["--in-interface", "--out-interface"]) {
      const lost = `${option} ${device}`;
      yield changed(lost, { devices: [...pieces.devices, lost] });
    }
  }
  for (const [i, match] of pieces.matches.entries()) {
    const negated = match.replace(/^(-m \S+ )(--)/, "$1! $2");
    if (negated !== match) yield changed(negated, { matches: withAt(withoutAt(pieces.matches, i), i, negated) });
    if (/addrtype .*--src-type/.test(match) && !match.includes("--limit-iface-out")) {
      const limited = `${match} --limit-iface-out`;
      yield changed(limited, { matches: withAt(withoutAt(pieces.matches, i), i, limited) });
    }
  }
  for (const [name, field] of [
    ["source", pieces.source],
    ["destination", pieces.destination],
    ["protocol", pieces.protocol],
  ] as const) {
    if (field[0] !== "" && field[0]?.startsWith("!") === false) {
      yield changed(`! ${field[0]}`, { [name]: field.map((spelling) => `! ${spelling}`) });
    }
  }
  for (const text of staticTexts(context.family)) {
    const isSameEnd = target === "" || text === target || text.endsWith(` ${target}`);
    if (isSameEnd || text.endsWith(` ${target} --random-fully`)) yield { texts: [text], lost: text };
  }
  for (const match of LOST_MATCHES) yield* inserted(match);
  for (const protocol of LOST_PROTOCOLS)
    if (pieces.protocol[0] === "") yield changed(protocol, { protocol: [protocol] });
  for (const set of context.sets) {
    for (const place of ["src", "dst", "dst,dst", "src,src"]) {
      for (const invert of ["", "! "]) yield* inserted(`-m set ${invert}--match-set ${set} ${place}`);
    }
  }
}

function withAt(list: readonly string[], at: number, item: string): readonly string[] {
  return [...list.slice(0, at), item, ...list.slice(at)];
}

function withoutAt(list: readonly string[], at: number): readonly string[] {
  return list.filter((_, i) => i !== at);
}

const staticTextsOf = new Map<Family, ReadonlySet<string>>();

/** Every rule that a Felix of any version puts into its own chains, whatever the tunnels. Made when the first rule needs it. */
function staticTexts(family: Family): ReadonlySet<string> {
  const known = staticTextsOf.get(family);
  if (known !== undefined) return known;
  const texts = new Set<string>();
  for (const settings of allSettings(family)) {
    for (const table of staticTables(settings)) {
      for (const { rules } of [...table.hooks, ...table.chains])
        for (const rule of rules) texts.add(felixRuleText(rule));
    }
  }
  staticTextsOf.set(family, texts);
  return texts;
}

function allSettings(family: Family): readonly FelixSettings[] {
  const settings: FelixSettings[] = [];
  for (const band of FELIX_BANDS) {
    const marks = allocateMarkBits(0xffff0000, {
      drop: isSince(band, "v3.30"),
      wireguard: false,
    });
    if (marks === null) continue;
    for (const randomFully of [true, false]) {
      for (const ipipEnabled of family === 4 ? [true, false] : [false]) {
        settings.push({
          band,
          family,
          marks,
          chainInsertMode: "insert",
          interfacePrefixes: ["cali"],
          filterAllowAction: "ACCEPT",
          mangleAllowAction: "ACCEPT",
          filterDenyAction: "DROP",
          defaultEndpointToHostAction: "ACCEPT",
          failsafeInbound: DEFAULT_FAILSAFE_INBOUND,
          failsafeOutbound: DEFAULT_FAILSAFE_OUTBOUND,
          ipipEnabled,
          vxlanEnabled: true,
          vxlanPort: 4789,
          wireguardPort: null,
          wireguardHostEncryption: false,
          tunnelDevices: [
            { name: "tunl0", hasAddress: true },
            { name: family === 4 ? "vxlan.calico" : "vxlan-v6.calico", hasAddress: true },
          ],
          natOutgoing: {
            enabled: true,
            address: null,
            portRange: null,
            interfaceFilter: null,
            exclusions: "IPPoolsOnly",
          },
          serviceLoopPrevention: "Drop",
          serviceCIDRs: [],
          floatingIPs: [],
          dscp: [],
          istioDscp: null,
          randomFully,
          logPrefix: "calico-packet",
          flowLogs: false,
          dropsInvalid: true,
          allowVXLANPacketsFromWorkloads: false,
          allowIPIPPacketsFromWorkloads: false,
        });
      }
    }
  }
  return settings;
}
