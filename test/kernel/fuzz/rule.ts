import fc from "fast-check";
import type { TableName } from "../../../src/model/ruleset.ts";
import { moreMatches } from "./more-matches.ts";
import { mark, port } from "./pools.ts";
import { RARE_PROTOCOLS, rareMatches, rareTargets } from "./rare-words.ts";
import { setMatch, setTarget } from "./set-words.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Where a rule stands: what the tools allow depends on it. */
export interface RulePlace {
  readonly words: Vocabulary;
  readonly table: TableName;
  /** Hooks the rule's chain is called from. */
  readonly hooks: readonly string[];
  /** True for a built-in chain, where the tool checks `-i` and `-o`. */
  readonly builtIn: boolean;
  /** User-defined chains it may call. */
  readonly chains: readonly string[];
  readonly sets: readonly FuzzSet[];
  /** Matches that count from one packet to the next. */
  readonly stateful: boolean;
}

export interface FuzzSet {
  readonly name: string;
  /** How many `src`/`dst` it takes. */
  readonly dimensions: number;
  /** Knows `nomatch`. */
  readonly nets: boolean;
  /** Counts packets for each member. */
  readonly counters: boolean;
}

function maybe<T>(weight: number, arbitrary: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary }, { weight: 10 - weight, arbitrary: fc.constant(otherwise) });
}

const negation = maybe(2, fc.constant("! "), "");
const state = fc.constantFrom(
  "NEW",
  "ESTABLISHED",
  "RELATED",
  "INVALID",
  "UNTRACKED",
  "RELATED,ESTABLISHED",
  "NEW,ESTABLISHED",
  "DNAT",
  "SNAT",
  "NEW,DNAT",
);
const hex = (value: number): string => `0x${value.toString(16)}`;
const mask = fc.constantFrom(0xffffffff, 0xff, 0x10000, 0x3, 0xf0);
const marked = fc.tuple(mark, mask).map(([value, bits]) => `${hex((value & bits) >>> 0)}/${hex(bits)}`);
const ports = fc.oneof(
  port.map(String),
  fc.tuple(port, port).map(([x, y]) => `${Math.min(x, y)}:${Math.max(x, y)}`),
);
const tcpFlags = fc.constantFrom(
  "--syn",
  "! --syn",
  "--tcp-flags SYN,ACK SYN,ACK",
  "--tcp-flags ALL NONE",
  "--tcp-flags FIN,RST RST",
  "! --tcp-flags ALL ACK",
  "--tcp-flags SYN,RST SYN",
);
const protocolName = {
  4: fc.constantFrom("tcp", "tcp", "udp", "udp", "icmp"),
  6: fc.constantFrom("tcp", "tcp", "udp", "udp", "ipv6-icmp"),
};
const icmpPart = {
  4: {
    match: "icmp",
    option: "icmp-type",
    type: fc.constantFrom("8", "0", "3", "3/3", "3/1", "11", "any", "8/0", "3/13"),
  },
  6: {
    match: "icmp6",
    option: "icmpv6-type",
    type: fc.constantFrom("128", "129", "1", "1/4", "1/3", "3", "128/0", "1/1", "2"),
  },
};

/** IPv6 knows no broadcasts, and of routes that lead nowhere only the unreachable. */
const ADDRESS_TYPES = {
  4: ["LOCAL", "UNICAST", "BROADCAST", "MULTICAST", "LOCAL,BROADCAST", "BLACKHOLE", "UNREACHABLE"],
  6: ["LOCAL", "UNICAST", "MULTICAST", "ANYCAST", "LOCAL,ANYCAST", "UNREACHABLE", "UNSPEC", "UNICAST,LOCAL"],
} as const;

/** `-p` and what only makes sense with it. */
function protocolPart({ family }: Vocabulary): fc.Arbitrary<{ readonly words: string; readonly protocol: string }> {
  const withPorts = (name: string): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant("") },
      { weight: 3, arbitrary: fc.tuple(negation, ports).map(([no, set]) => ` -m ${name} ${no}--dport ${set}`) },
      { weight: 1, arbitrary: fc.tuple(negation, ports).map(([no, set]) => ` -m ${name} ${no}--sport ${set}`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            negation,
            fc.constantFrom("dports", "sports", "ports"),
            fc.uniqueArray(port, { minLength: 1, maxLength: 4 }),
          )
          .map(([no, side, list]) => ` -m multiport ${no}--${side} ${list.join(",")}`),
      },
    );
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant({ words: "", protocol: "" }) },
    {
      weight: 1,
      arbitrary: RARE_PROTOCOLS.map((words) => ({ words, protocol: words.startsWith("-p tcp") ? "tcp" : "" })),
    },
    {
      weight: 6,
      arbitrary: protocolName[family].chain((name) => {
        const extra =
          name === "icmp" || name === "ipv6-icmp"
            ? maybe(
                5,
                fc
                  .tuple(negation, icmpPart[family].type)
                  .map(
                    ([no, type]) =>
                      ` -m ${icmpPart[family].match} ${type === "any" ? "" : no}--${icmpPart[family].option} ${type}`,
                  ),
                "",
              )
            : name === "tcp"
              ? fc.oneof(
                  { weight: 3, arbitrary: withPorts(name) },
                  { weight: 1, arbitrary: tcpFlags.map((flags) => ` -m tcp ${flags}`) },
                )
              : withPorts(name);
        return extra.map((words) => ({ words: `-p ${name}${words}`, protocol: name }));
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("! -p tcp", family === 4 ? "! -p icmp" : "! -p ipv6-icmp", "-p 47", "-p sctp")
        .map((words) => ({ words, protocol: "" })),
    },
  );
}

function matchPart(place: RulePlace): fc.Arbitrary<string> {
  const choices: fc.WeightedArbitrary<string>[] = [
    { weight: 3, arbitrary: fc.tuple(negation, marked).map(([no, value]) => `-m mark ${no}--mark ${value}`) },
    { weight: 4, arbitrary: fc.tuple(negation, state).map(([no, text]) => `-m conntrack ${no}--ctstate ${text}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("NEW", "INVALID", "ESTABLISHED,RELATED").map((text) => `-m state --state ${text}`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(negation, place.words.network).map(([no, text]) => `-m conntrack ${no}--ctorigdst ${text}`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(negation, place.words.network).map(([no, text]) => `-m conntrack ${no}--ctreplsrc ${text}`),
    },
    { weight: 1, arbitrary: fc.constantFrom("ORIGINAL", "REPLY").map((text) => `-m conntrack --ctdir ${text}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("SEEN_REPLY", "ASSURED", "CONFIRMED", "NONE"))
        .map(([no, text]) => `-m conntrack ${no}--ctstatus ${text}`),
    },
    { weight: 1, arbitrary: fc.tuple(negation, port).map(([no, text]) => `-m conntrack ${no}--ctorigdstport ${text}`) },
    { weight: 1, arbitrary: fc.tuple(negation, marked).map(([no, value]) => `-m connmark ${no}--mark ${value}`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("src", "dst"), fc.constantFrom(...ADDRESS_TYPES[place.words.family]))
        .map(([no, side, type]) => `-m addrtype ${no}--${side}-type ${type}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("28", "40:60", "100:2000", "0:45"))
        .map(([no, text]) => `-m length ${no}--length ${text}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom("-eq 64", "-lt 63", "-gt 2", "! -eq 63").map((text) => {
        const name = place.words.family === 4 ? "ttl" : "hl";
        return `-m ${name} ${text.replace("-", `--${name}-`)}`;
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("--tos 0x10", "--tos 0x08/0x18"))
        .map(([no, text]) => `-m tos ${no}${text}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("0", "0x04", "0x2e"))
        .map(([no, text]) => `-m dscp ${no}--dscp ${text}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("src-range", "dst-range"), place.words.range)
        .map(([no, side, text]) => `-m iprange ${no}--${side} ${text}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("unicast", "broadcast", "multicast"))
        .map(([no, text]) => `-m pkttype ${no}--pkt-type ${text}`),
    },
    { weight: 1, arbitrary: fc.constant('-m comment --comment "a b"') },
  ];
  for (const set of place.sets) {
    choices.push({ weight: 1, arbitrary: setMatch(set, negation, place.stateful) });
  }
  choices.push(...moreMatches(place, negation), { weight: 2, arbitrary: rareMatches(place) });
  const local = place.hooks.every((hook) => hook === "OUTPUT" || hook === "POSTROUTING");
  const received = place.hooks.every((hook) => hook === "PREROUTING" || hook === "INPUT" || hook === "FORWARD");
  if (local) {
    choices.push({
      weight: 1,
      arbitrary: fc
        .constantFrom("--uid-owner 0", "! --uid-owner 0", "--uid-owner 1000-2000", "--socket-exists")
        .map((text) => `-m owner ${text}`),
    });
  }
  if (received) {
    choices.push({
      weight: 1,
      arbitrary: fc.tuple(negation, place.words.mac).map(([no, text]) => `-m mac ${no}--mac-source ${text}`),
    });
  }
  if (place.hooks.every((hook) => hook === "PREROUTING") && (place.table === "raw" || place.table === "mangle")) {
    choices.push({
      weight: 1,
      arbitrary: fc
        .constantFrom("", "--loose", "--validmark", "--invert", "--loose --invert", "--accept-local")
        .map((text) => `-m rpfilter ${text}`.trim()),
    });
  }
  choices.push({
    weight: 1,
    arbitrary: fc.constantFrom("0.5", "0.25").map((text) => `-m statistic --mode random --probability ${text}`),
  });
  if (place.stateful) {
    choices.push(
      {
        weight: 3,
        arbitrary: fc
          .tuple(negation, fc.integer({ min: 1, max: 4 }), fc.nat(3))
          .map(([no, every, packet]) => `-m statistic --mode nth ${no}--every ${every} --packet ${packet % every}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(fc.constantFrom("3/hour", "6/minute", "1/minute"), fc.integer({ min: 1, max: 4 }))
          .map(([rate, burst]) => `-m limit --limit ${rate} --limit-burst ${burst}`),
      },
      {
        weight: 3,
        arbitrary: fc
          .tuple(
            negation,
            fc.constantFrom(
              "--set",
              "--rcheck",
              "--update",
              "--remove",
              "--rcheck --hitcount 2",
              "--update --hitcount 3",
              "--rcheck --seconds 3600",
              "--update --seconds 3600 --hitcount 2",
            ),
            fc.constantFrom("r0", "r1"),
            fc.constantFrom("--rsource", "--rdest"),
          )
          .map(([no, mode, name, side]) => `-m recent ${no}${mode} --name ${name} ${side}`),
      },
    );
  }
  return fc.oneof(...choices);
}

const REJECT_WITH = {
  4: [
    "",
    "icmp-net-unreachable",
    "icmp-host-unreachable",
    "icmp-proto-unreachable",
    "icmp-port-unreachable",
    "icmp-net-prohibited",
    "icmp-host-prohibited",
    "icmp-admin-prohibited",
  ],
  6: [
    "",
    "icmp6-no-route",
    "icmp6-adm-prohibited",
    "icmp6-addr-unreachable",
    "icmp6-port-unreachable",
    "icmp6-policy-fail",
  ],
} as const;

interface Action {
  readonly words: string;
  /** A match that the target demands before it. */
  readonly protocol: string;
}

function actionPart(place: RulePlace, protocol: string): fc.Arbitrary<string> {
  const plain = (words: string): Action => ({ words, protocol: "" });
  const choices: fc.WeightedArbitrary<Action>[] = [
    { weight: 3, arbitrary: fc.constant(plain("-j ACCEPT")) },
    { weight: place.table === "nat" ? 0 : 2, arbitrary: fc.constant(plain("-j DROP")) },
    { weight: 2, arbitrary: fc.constant(plain("-j RETURN")) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("-j LOG", "-j NFLOG --nflog-group 5", "-j AUDIT --type accept", "").map(plain),
    },
    // Nobody listens: without bypass the packet is dropped.
    { weight: 1, arbitrary: fc.constantFrom("-j NFQUEUE --queue-bypass", "-j NFQUEUE --queue-num 7").map(plain) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom("set-xmark", "set-mark", "or-mark", "and-mark", "xor-mark"), mark, mask)
        .map(([how, value, bits]) =>
          plain(`-j MARK --${how} ${how.startsWith("set") ? `${hex(value)}/${hex(bits)}` : hex(value)}`),
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          "--save-mark",
          "--restore-mark",
          "--set-mark 0x3",
          "--save-mark --nfmask 0xf --ctmask 0xff",
          "--restore-mark --nfmask 0xff --ctmask 0x3",
        )
        .map((words) => plain(`-j CONNMARK ${words}`)),
    },
  ];
  if (place.stateful && place.sets.length > 0) {
    choices.push({ weight: 5, arbitrary: setTarget(place.sets, place.table === "mangle").map(plain) });
  }
  if (place.chains.length > 0) {
    choices.push({ weight: 6, arbitrary: fc.constantFrom(...place.chains).map((name) => plain(`-j ${name}`)) });
    choices.push({ weight: 2, arbitrary: fc.constantFrom(...place.chains).map((name) => plain(`-g ${name}`)) });
  }
  if (place.table === "filter") {
    choices.push({
      weight: 3,
      arbitrary: fc
        .constantFrom(...REJECT_WITH[place.words.family])
        .map((how) => plain(how === "" ? "-j REJECT" : `-j REJECT --reject-with ${how}`)),
    });
    if (protocol === "tcp")
      choices.push({ weight: 3, arbitrary: fc.constant(plain("-j REJECT --reject-with tcp-reset")) });
  }
  if (place.table === "raw")
    choices.push({ weight: 2, arbitrary: fc.constantFrom("-j CT --notrack", "-j NOTRACK").map(plain) });
  if (place.table === "mangle") {
    choices.push({
      weight: 2,
      arbitrary: fc
        .constantFrom("set 1", "set 64", "dec 1", "inc 1")
        .map((words) => plain(place.words.family === 4 ? `-j TTL --ttl-${words}` : `-j HL --hl-${words}`)),
    });
    choices.push({
      weight: 1,
      arbitrary: fc
        .constantFrom(
          "-j TOS --set-tos 0x10/0xff",
          "-j TOS --set-tos 0x08/0x18",
          "-j DSCP --set-dscp 0x2e",
          "-j DSCP --set-dscp 0x04",
        )
        .map(plain),
    });
  }
  const rare = rareTargets(place, protocol);
  if (rare !== null) choices.push({ weight: 2, arbitrary: rare.map(plain) });
  const hasPort = protocol === "tcp" || (protocol === "udp" && place.words.tunnels !== true);
  if (place.table === "nat") {
    const destination = place.hooks.every((hook) => hook === "PREROUTING" || hook === "OUTPUT");
    const source = place.hooks.every((hook) => hook === "POSTROUTING" || hook === "INPUT");
    const toPort = hasPort ? maybe(5, fc.constantFrom(":80", ":8080", ":5000-5003"), "") : fc.constant("");
    if (destination) {
      choices.push({
        weight: 6,
        arbitrary: fc
          .tuple(place.words.dnatTo, toPort)
          .map(([to, part]) => plain(`-j DNAT --to-destination ${withPort(to, part)}`)),
      });
      choices.push({
        weight: 2,
        arbitrary: (hasPort
          ? maybe(5, fc.constantFrom(" --to-ports 8080", " --to-ports 53"), "")
          : fc.constant("")
        ).map((part) => plain(`-j REDIRECT${part}`)),
      });
      choices.push({ weight: 1, arbitrary: place.words.netmapDestination.map((to) => plain(`-j NETMAP --to ${to}`)) });
    }
    if (source) {
      choices.push({
        weight: 6,
        arbitrary: fc
          .tuple(place.words.snatTo, toPort)
          .map(([to, part]) => plain(`-j SNAT --to-source ${withPort(to, part)}`)),
      });
      choices.push({ weight: 1, arbitrary: place.words.netmapSource.map((to) => plain(`-j NETMAP --to ${to}`)) });
    }
    if (place.hooks.every((hook) => hook === "POSTROUTING")) {
      choices.push({
        weight: 6,
        arbitrary: fc.constantFrom("", "", " --random-fully", " --random").map((part) => plain(`-j MASQUERADE${part}`)),
      });
      if (hasPort)
        choices.push({
          weight: 2,
          arbitrary: fc
            .constantFrom(" --to-ports 6000", " --to-ports 6000-6010")
            .map((part) => plain(`-j MASQUERADE${part}`)),
        });
    }
  }
  return fc.oneof(...choices.filter(({ weight }) => weight > 0)).map(({ words }) => words);
}

/** An IPv6 address stands in brackets before a port. */
function withPort(address: string, port: string): string {
  return port !== "" && address.includes(":") ? `[${address}]${port}` : `${address}${port}`;
}

/** The words of a rule after `-A chain`. */
export function ruleArbitrary(place: RulePlace): fc.Arbitrary<string> {
  const before = new Set(["PREROUTING", "INPUT", "FORWARD"]);
  const after = new Set(["FORWARD", "OUTPUT", "POSTROUTING"]);
  const mayIn = !place.builtIn || place.hooks.every((hook) => before.has(hook));
  const mayOut = !place.builtIn || place.hooks.every((hook) => after.has(hook));
  const device = fc.oneof(
    { weight: 5, arbitrary: place.words.device },
    { weight: 1, arbitrary: place.words.devicePattern },
  );
  const selector = (option: string): fc.Arbitrary<string> =>
    maybe(
      3,
      fc.tuple(negation, place.words.prefix).map(([no, text]) => `${no}${option} ${text}`),
      "",
    );
  const deviceSelector = (option: string, allowed: boolean): fc.Arbitrary<string> =>
    allowed
      ? maybe(
          2,
          fc.tuple(negation, device).map(([no, name]) => `${no}${option} ${name}`),
          "",
        )
      : fc.constant("");
  return fc
    .tuple(
      selector("-s"),
      selector("-d"),
      deviceSelector("-i", mayIn),
      deviceSelector("-o", mayOut),
      protocolPart(place.words),
      fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        { weight: 5, arbitrary: fc.array(matchPart(place), { minLength: 1, maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(matchPart(place), { minLength: 2, maxLength: 2 }) },
      ),
    )
    .chain(([source, destination, input, output, { words, protocol }, matches]) =>
      actionPart(place, protocol).map((action) =>
        [source, destination, input, output, words, ...matches, action].filter((part) => part !== "").join(" "),
      ),
    );
}

/** Whether a rule counts from one packet to the next, so that its rulesets are loaded anew for a fresh start. */
export function isStateful(rule: string): boolean {
  return /-m (?:limit|recent|connlimit|hashlimit|quota)|--mode nth|-j SET|--(?:packets|bytes)-/.test(rule);
}
