import fc from "fast-check";

/** Hooks of the native chains that rules are made for. */
const HOOKS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const;
type Hook = (typeof HOOKS)[number];

const ADDRESSES = ["10.0.0.2", "10.0.0.140", "10.0.1.2", "10.0.1.140", "10.0.2.2", "10.0.0.1", "10.9.1.1"];
const PREFIXES = ["10.0.0.0/24", "10.0.0.128/25", "10.9.0.0/16", "0.0.0.0/1"];
const PORTS = ["22", "53", "80", "443", "8080", "1-100", "400-9000"];

const address = fc.constantFrom(...ADDRESSES);
const port = fc.constantFrom(...PORTS);
const negation = fc.constantFrom("", "", "!= ");

function list(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.uniqueArray(item, { minLength: 1, maxLength: 3 }).map((items) => `{ ${items.join(", ")} }`);
}

/** Lists of whole ports: ranges that overlap are refused. */
const portList = list(fc.constantFrom("22", "53", "80", "443", "8080", "1000-2000"));
const addressList = list(address);

function joined(...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  return fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((words) => words.join(""));
}

const flags = fc
  .uniqueArray(fc.constantFrom("fin", "syn", "rst", "psh", "ack"), { minLength: 1, maxLength: 3 })
  .map((names) => names.join(","));

const mark = fc.constantFrom("0x1", "0x2", "0x3", "0x10");

const state = fc
  .uniqueArray(fc.constantFrom("new", "established", "related", "invalid", "untracked"), { minLength: 1, maxLength: 2 })
  .map((names) => names.join(","));

const test: fc.Arbitrary<string> = fc.oneof(
  joined(
    "ip ",
    fc.constantFrom("saddr ", "daddr "),
    negation,
    fc.oneof(address, fc.constantFrom(...PREFIXES), addressList),
  ),
  joined("ip saddr ", negation, "10.0.0.2-10.0.0.150"),
  joined("ip ", fc.constantFrom("saddr ", "daddr "), negation, "@nets"),
  joined(
    fc.constantFrom("tcp ", "udp ", "th "),
    fc.constantFrom("sport ", "dport "),
    negation,
    fc.oneof(port, portList),
  ),
  joined("tcp dport ", negation, "@ports"),
  joined(
    "meta l4proto ",
    negation,
    fc.oneof(fc.constantFrom("tcp", "udp", "icmp", "47"), fc.constant("{ tcp, icmp }")),
  ),
  joined("ip protocol ", negation, fc.constantFrom("tcp", "udp", "icmp")),
  joined(
    "icmp type ",
    negation,
    fc.constantFrom("echo-request", "{ echo-request, destination-unreachable }", "echo-reply"),
  ),
  joined("iifname ", negation, fc.constantFrom('"in0"', '"out0"', '{ "in0", "out1" }', '"o*"', '"lo"')),
  joined("ct state ", negation, fc.constantFrom("new", "established", "invalid", "untracked")),
  joined("ct state ", state),
  joined("ct direction ", fc.constantFrom("original", "reply")),
  joined("ct mark ", negation, mark),
  joined("meta mark ", negation, mark),
  joined("meta mark & ", mark, fc.constantFrom(" == 0x1", " != 0x0", " == 0x0")),
  joined("tcp flags ", flags),
  joined("tcp flags ", fc.constantFrom("== ", "!= "), flags),
  joined("tcp flags & (fin | syn | rst | ack) == ", fc.constantFrom("syn", "ack")),
  joined("ip ttl ", fc.constantFrom("64", "63", "< 64", "> 63", "!= 64", "<= 63", "1-63")),
  joined("meta length ", fc.constantFrom("< 40", "> 40", "40-60", "!= 40")),
  joined("meta pkttype ", negation, fc.constantFrom("host", "unicast", "broadcast", "{ host, multicast }")),
  joined("ct status ", fc.constantFrom("dnat", "snat", "confirmed", "snat,dnat", "seen-reply")),
  joined("ip length ", fc.constantFrom("< 40", "> 40", "40")),
  joined("ip dscp ", negation, fc.constantFrom("cs0", "ef", "af11")),
  joined(
    "fib ",
    fc.constantFrom("daddr ", "saddr "),
    "type ",
    negation,
    fc.constantFrom("local", "unicast", "{ local, unicast }"),
  ),
  joined("ip saddr . tcp dport ", negation, fc.constantFrom("{ 10.0.0.2 . 80, 10.0.0.140 . 22 }", "@pairs")),
  joined("ip daddr . meta l4proto . th dport ", "{ 10.0.1.2 . tcp . 80, 10.0.1.2 . udp . 53, 10.0.0.1 . tcp . 22 }"),
  fc.constantFrom("meta nfproto ipv4", "meta nfproto ipv6", "ip6 saddr fd00::/8", "icmpv6 type echo-request"),
);

const statement: fc.Arbitrary<string> = fc.oneof(
  fc.constant("counter"),
  joined("meta mark set ", mark),
  joined("meta mark set meta mark ", fc.constantFrom("| ", "& ", "^ "), mark),
  joined("ct mark set ", mark),
  fc.constantFrom("ct mark set meta mark", "meta mark set ct mark"),
);

const verdict: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("accept", "drop") },
  { weight: 2, arbitrary: fc.constantFrom("jump one", "goto one", "jump two", "return", "continue", "") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "tcp dport vmap { 22 : accept, 80 : jump one, 443 : drop }",
      "tcp dport vmap @verdicts",
      "ct state vmap { established : accept, invalid : drop, new : jump two }",
      'iifname vmap { "in0" : jump one, "out0" : accept }',
      "meta l4proto vmap { tcp : jump two, icmp : accept }",
    ),
  },
);

const rejection = fc.constantFrom(
  "reject",
  "meta l4proto tcp reject with tcp reset",
  "reject with icmpx admin-prohibited",
  "reject with icmpx host-unreachable",
  "ip protocol tcp reject with icmp net-prohibited",
);

function rule(ends: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(test, { maxLength: 2 }), fc.array(statement, { maxLength: 1 }), ends)
    .map(([tests, statements, end]) => [...tests, ...statements, end].filter((part) => part !== "").join(" "))
    .map((text) => (text === "" ? "counter" : text));
}

const PRIORITIES: Readonly<Record<Hook, readonly string[]>> = {
  PREROUTING: ["raw", "mangle", "filter"],
  INPUT: ["filter", "-10"],
  FORWARD: ["filter", "5"],
  OUTPUT: ["mangle", "filter"],
  POSTROUTING: ["mangle", "filter"],
};

function baseChain(hook: Hook): fc.Arbitrary<string> {
  const ends =
    hook === "PREROUTING" || hook === "POSTROUTING"
      ? verdict
      : fc.oneof({ weight: 5, arbitrary: verdict }, { weight: 1, arbitrary: rejection });
  return fc
    .tuple(
      fc.array(rule(ends), { maxLength: 5 }),
      fc.constantFrom(...PRIORITIES[hook]),
      fc.constantFrom("accept", "accept", "drop"),
    )
    .map(([rules, priority, policy]) => {
      const type = hook === "OUTPUT" && priority === "mangle" ? "route" : "filter";
      return chain(hook, [`type ${type} hook ${hook.toLowerCase()} priority ${priority}; policy ${policy};`, ...rules]);
    });
}

function chain(name: string, lines: readonly string[]): string {
  return `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}

const SETS = [
  "  set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/25, 10.9.0.0/16, 10.0.1.128-10.0.1.150 }; }\n",
  "  set ports { type inet_service; elements = { 22, 80 }; }\n",
  "  set pairs { type ipv4_addr . inet_service; elements = { 10.0.0.2 . 80, 10.0.0.2 . 443 }; }\n",
].join("");

const VERDICTS =
  "  map verdicts { type inet_service : verdict; elements = { 22 : drop, 80 : accept, 8080 : goto one }; }\n";

const translations = fc.constantFrom(
  "tcp dport 8080 dnat ip to 10.0.1.2:80",
  "ip daddr 10.0.0.1 udp dport 53 dnat ip to 10.0.1.2",
  "meta l4proto { tcp, udp } dnat ip to th dport map { 443 : 10.0.1.2, 8080 : 10.0.2.2 }",
  "tcp dport 443 redirect to :22",
  "ip daddr 10.9.1.1 drop",
);

const sources = fc.constantFrom(
  'oifname "out0" masquerade',
  "ip saddr 10.0.0.0/24 snat ip to 10.0.1.1",
  "ct mark 0x1 accept",
  "meta mark 0x1 masquerade",
);

const nat = fc
  .tuple(fc.array(translations, { maxLength: 2 }), fc.array(sources, { maxLength: 2 }))
  .map(
    ([before, after]) =>
      `table inet t2 {\n${chain("PREROUTING", ["type nat hook prerouting priority dstnat; policy accept;", ...before])}${chain("POSTROUTING", ["type nat hook postrouting priority srcnat; policy accept;", ...after])}}\n`,
  );

/** What `nft -f` takes: a table with chains at some hooks, two that are jumped to, and sets; some have a second one that translates. */
export const nativeRuleset: fc.Arbitrary<string> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...HOOKS), { minLength: 1, maxLength: 3 }),
    fc.array(rule(fc.constantFrom("accept", "drop", "return", "", "")), { maxLength: 3 }),
    fc.array(rule(fc.constantFrom("accept", "drop", "return", "jump one", "goto one")), { maxLength: 3 }),
    fc.option(nat, { nil: "" }),
  )
  .chain(([hooks, one, two, second]) =>
    fc.tuple(...hooks.map(baseChain)).map((chains) => {
      const jumped = `${chain("one", one)}${chain("two", two)}`;
      return `table inet t1 {\n${SETS}${jumped}${VERDICTS}${chains.join("")}}\n${second}`;
    }),
  );
