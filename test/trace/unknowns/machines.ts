import fc from "fast-check";

/** What is dumped of one machine, by the file's name without extension. */
export type Dumps = Readonly<Record<string, string>>;

/** Three nodes in a row: n1 on one LAN, n3 on the other, n2 on both. */
export interface Truth {
  readonly n1: Dumps;
  readonly n2: Dumps;
  readonly n3: Dumps;
}

function device(index: number, name: string, mac: string, address: string): string {
  return `${index}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    link/ether ${mac} brd ff:ff:ff:ff:ff:ff
    inet ${address}/24 brd ${address.replace(/\d+$/, "255")} scope global ${name}
       valid_lft forever preferred_lft forever
`;
}

const LOOPBACK = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
`;

/** A device of n2 of a kind that podpath models in part or not at all: details as `ip -d addr` has them. */
const STRANGE_DEVICES = [
  "geneve id 7 remote 10.0.1.3 ttl auto",
  "gretap remote 10.0.1.3 local 10.0.1.2 ttl inherit",
  "macvlan mode bridge",
  "macvlan mode private",
  "macvlan mode vepa",
  "macvlan mode passthru",
  "ipvlan mode l2 bridge",
  "ifb",
  "tun type tap pi off vnet_hdr off persist on",
  "bond mode active-backup",
  "team",
  "vrf table 100",
  "nosuchkind",
] as const;

/** Its name in dumps; it stands on eth1, and 192.0.2.0/24 is behind it. */
const STRANGE = "up0";
const STRANGE_ADDRESS = "10.0.2.2";

function strangeDevice(details: string): string {
  const name = details.startsWith("macvlan") || details.startsWith("ipvlan") ? `${STRANGE}@eth1` : STRANGE;
  return device(4, name, "52:54:00:00:02:09", STRANGE_ADDRESS)
    .replaceAll(`scope global ${name}`, `scope global ${STRANGE}`)
    .replace(
      "ff:ff:ff:ff:ff:ff\n",
      `ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68 maxmtu 65535 \n    ${details} numtxqueues 1 numrxqueues 1 \n`,
    );
}

/** Of each node: last octet of its MAC addresses, and the addresses of eth0, eth1. */
const NODES = [
  ["n1", ["10.0.0.1"]],
  ["n2", ["10.0.0.2", "10.0.1.2"]],
  ["n3", ["10.0.1.3"]],
] as const;

function addressesOf(node: number, addresses: readonly string[]): string {
  const devices = addresses.map((address, index) =>
    device(index + 2, `eth${index}`, `52:54:00:00:0${node}:0${index}`, address),
  );
  return LOOPBACK + devices.join("");
}

/** The local and connected routes that the kernel makes of the addresses. */
function kernelRoutes(addresses: readonly string[]): readonly string[] {
  return [
    "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1",
    "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1",
    "broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1",
    ...addresses.flatMap((address, index) => {
      const net = address.replace(/\d+$/, "");
      return [
        `${net}0/24 dev eth${index} proto kernel scope link src ${address}`,
        `local ${address} dev eth${index} table local proto kernel scope host src ${address}`,
        `broadcast ${net}255 dev eth${index} table local proto kernel scope link src ${address}`,
      ];
    }),
  ];
}

/** Extensions that are only recognised, or look at what no dump and no packet holds. */
const DOUBTFUL_CONDITIONS = [
  "-m connlimit --connlimit-above 0 --connlimit-mask 32 --connlimit-saddr",
  "-m connlimit --connlimit-upto 1 --connlimit-mask 0 --connlimit-saddr",
  "-m connbytes --connbytes 1:5 --connbytes-dir both --connbytes-mode packets",
  "-m conntrack --ctstatus ASSURED",
  "-m conntrack --ctexpire 1:200",
  "-m connmark --mark 0x1",
  "-m connlabel --label 3",
  "-m quota --quota 100",
  "-m nfacct --nfacct-name seen",
  "-m time --timestart 10:00 --timestop 12:00",
  "-m cpu --cpu 1",
  '-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 65535,6 0 0 0"',
  "-m string --string x --algo bm --to 65535",
  "-m ipvs --ipvs",
  "-m policy --dir in --pol none",
  "-m policy --dir in --pol ipsec",
  "-p tcp -m osf --genre Linux",
  "-p tcp -m tcp --tcp-option 5",
  "-p tcp -m tcpmss --mss 1:1400",
  "-m realm --realm 0x1",
  "-m length --length 0:60",
  '-m u32 --u32 "0x2&0xffff=0x3c"',
  "-m rateest --rateest flow --rateest-lt --rateest-bps 1Mbit",
  "-m l2tp --tid 5",
  "-m physdev --physdev-in eth0",
  "-m pkttype --pkt-type broadcast",
  "-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0x1",
] as const;

const target = fc.constantFrom(
  "ACCEPT",
  "DROP",
  "DROP",
  "REJECT",
  "RETURN",
  "NFQUEUE --queue-num 1",
  "NFQUEUE --queue-num 1 --queue-bypass",
  "NOSUCHTARGET",
  "QUEUE",
  "IDLETIMER --timeout 5 --label x",
  "LED --led-trigger-id x",
  "RATEEST --rateest-name flow --rateest-interval 250.0ms --rateest-ewmalog 500.0ms",
);
const condition = fc.constantFrom(
  ...DOUBTFUL_CONDITIONS,
  "",
  "-p tcp --dport 80",
  "-p udp",
  "-s 10.0.0.0/24",
  "-d 10.0.1.0/24",
  "-m mark --mark 0x1",
  "-m conntrack --ctstate NEW",
  "-m conntrack --ctstate ESTABLISHED",
  "-m set --match-set friends src",
  "-m set ! --match-set friends dst",
  "-i eth0",
  "-i eth1",
  "-o eth1",
  "-m addrtype --dst-type LOCAL",
  "-m rpfilter --invert",
  "-m socket",
  "-m recent --name seen --rcheck",
  "-m recent --name seen --rcheck --seconds 60 --hitcount 2",
  "-m recent --name seen --update --seconds 3600",
  "-m limit --limit 1/hour --limit-burst 1",
  "-m hashlimit --hashlimit-above 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name h",
  "-m statistic --mode nth --every 3 --packet 0",
  "-m helper --helper ftp",
  "-m mac --mac-source 52:54:00:00:01:00",
  "-m mac ! --mac-source 52:54:00:00:03:00",
  "-m devgroup --src-group 7",
  "-m nosuchmatch --level 3",
  "-m statistic --mode random --probability 0.5",
);

const filterRule = fc
  .tuple(fc.constantFrom("INPUT", "FORWARD", "FORWARD", "OUTPUT"), condition, target)
  .filter(
    ([chain, when]) => !(when.includes("-o ") && chain === "INPUT") && !(when.includes("-i ") && chain === "OUTPUT"),
  )
  .filter(([chain, when]) => chain === "INPUT" || !when.includes("socket"))
  .filter(([chain, when]) => chain !== "OUTPUT" || !/mac |devgroup|--dir in/.test(when))
  .filter(([, when]) => !when.includes("rpfilter"))
  .map(([chain, when, what]) => `-A ${chain}${when === "" ? "" : ` ${when}`} -j ${what}`);

const mangleRule = fc
  .tuple(fc.constantFrom("PREROUTING", "PREROUTING", "OUTPUT"), condition)
  .filter(
    ([chain, when]) =>
      !when.includes("-o ") &&
      !when.includes("socket") &&
      !(chain === "OUTPUT" && /-i |rpfilter|mac |devgroup|--dir in|realm/.test(when)) &&
      !(chain === "PREROUTING" && when.includes("realm")),
  )
  .chain(([chain, when]) =>
    fc
      .constantFrom(
        "MARK --set-mark 0x1",
        "MARK --set-mark 0x1",
        "CONNMARK --set-mark 0x1",
        "HMARK --hmark-tuple src --hmark-mod 2 --hmark-rnd 0x1",
        "TEE --gateway 10.0.1.9",
      )
      .map((what) => `-A ${chain}${when === "" ? "" : ` ${when}`} -j ${what}`),
  );

const natRule = fc.constantFrom(
  "-A PREROUTING -d 10.0.1.3 -p tcp -j DNAT --to-destination 10.0.1.2",
  "-A POSTROUTING -o eth1 -j MASQUERADE",
  "-A PREROUTING -d 10.0.0.2 -p tcp --dport 80 -j DNAT --to-destination 10.0.1.3:80",
  "-A PREROUTING -m mark --mark 0x1 -p udp -j REDIRECT --to-ports 53",
);

function table(name: string, chains: readonly string[], rules: readonly string[]): string {
  if (rules.length === 0) return "";
  return [`*${name}`, ...chains.map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, "COMMIT", ""].join("\n");
}

const EMPTY_FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

function ruleset(filter: readonly string[], mangle: readonly string[], nat: readonly string[]): string {
  return [
    table("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"], mangle),
    table("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], nat),
    filter.length === 0 ? EMPTY_FILTER : table("filter", ["INPUT", "FORWARD", "OUTPUT"], filter),
  ].join("");
}

const policyRules = fc.uniqueArray(
  fc.constantFrom(
    "100:\tfrom all fwmark 0x1 lookup 100",
    "101:\tfrom 10.0.0.0/24 lookup 100",
    "102:\tfrom all to 10.0.1.3 lookup 101",
    "103:\tfrom all ipproto udp lookup 100",
    "104:\tfrom all iif eth0 prohibit",
    "105:\tfrom all tun_id 7 blackhole",
    "106:\tfrom all lookup [l3mdev-table]",
    "107:\tfrom all lookup 101 suppress_ifgroup 9",
    "108:\tnot from all fwmark 0x1 lookup 100 suppress_prefixlength 0",
  ),
  { maxLength: 3 },
);

const OWN_LOCAL_ROUTE = "local 10.0.1.3 dev lo table local scope host";

const extraRoutes = fc.uniqueArray(
  fc.constantFrom(
    "default via 10.0.0.1 dev eth0",
    "default via 10.0.1.3 dev eth1 table 100",
    "blackhole default table 101",
    "unreachable 10.0.1.3 table 100",
    "10.0.1.3 dev eth1 table 101 scope link",
    "prohibit 10.0.1.0/25",
    "10.0.1.3 \n\tnexthop via 10.0.1.3 dev eth1 weight 1 \n\tnexthop via 10.0.0.1 dev eth0 weight 1",
    OWN_LOCAL_ROUTE,
  ),
  { maxLength: 3 },
);

const sysctls = (devices: number): fc.Arbitrary<string> =>
  fc
    .record({
      forward: fc.constantFrom("1", "1", "1", "0"),
      rp: fc.constantFrom("0", "1", "2"),
      own: fc.constantFrom("0", "1", "2"),
      ignore: fc.constantFrom("0", "1"),
      loose: fc.constantFrom("0", "1"),
      policy: fc.constantFrom("0", "1"),
    })
    .map(({ forward, rp, own, ignore, loose, policy }) => {
      const names = Array.from({ length: devices }, (_, index) => `eth${index}`);
      return [
        `net.ipv4.ip_forward = ${forward}`,
        `net.ipv4.icmp_echo_ignore_all = ${ignore}`,
        `net.ipv4.fib_multipath_hash_policy = ${policy}`,
        `net.netfilter.nf_conntrack_tcp_loose = ${loose}`,
        `net.ipv4.conf.all.rp_filter = ${rp}`,
        ...["all", ...names].map((name) => `net.ipv4.conf.${name}.forwarding = ${forward}`),
        ...names.map((name) => `net.ipv4.conf.${name}.rp_filter = ${own}`),
        "",
      ].join("\n");
    });

const flow = "src=10.0.0.1 dst=10.0.1.3 sport=4000 dport=80";
const reply = "src=10.0.1.3 dst=10.0.0.1 sport=80 dport=4000";
const conntrack = fc.constantFrom("", `tcp      6 431999 ESTABLISHED ${flow} ${reply} [ASSURED] mark=0 use=1\n`);

const CLOCK = "now at 36120000000000 nsecs\njiffies: 4303922296\n";
const seen = "src=10.0.0.1 ttl: 64 last_seen: 4303922046 oldest_pkt: 2 4303122296, 4303922046\n";
const recent = fc.constantFrom(
  CLOCK,
  `==> /proc/net/xt_recent/seen <==\n${seen}${CLOCK}`,
  `/proc/net/xt_recent/seen:${seen}`,
);

const LISTENING =
  'tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=1,fd=3))\nudp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:(("dns",pid=2,fd=3))\n';

/** What a node knows of the next one: rightly or not, in any state. */
function knows(node: number): fc.Arbitrary<string> {
  const [device, next, mac] =
    node === 1 ? ["eth0", "10.0.0.2", "52:54:00:00:02:00"] : ["eth1", "10.0.1.3", "52:54:00:00:03:00"];
  return fc
    .tuple(
      fc.constantFrom(mac, "52:54:00:00:09:09"),
      fc.constantFrom("REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"),
    )
    .map(([known, state]) => `${next} dev ${device} lladdr ${known} ${state}\n`);
}

const STRANGE_ROUTES = [
  `10.0.2.0/24 dev ${STRANGE} proto kernel scope link src ${STRANGE_ADDRESS}`,
  `local ${STRANGE_ADDRESS} dev ${STRANGE} table local proto kernel scope host src ${STRANGE_ADDRESS}`,
  `192.0.2.0/24 via 10.0.2.9 dev ${STRANGE}`,
];

function machine(node: number): fc.Arbitrary<Dumps> {
  const [, addresses] = NODES[node - 1] ?? NODES[0];
  const plain = fc.constantFrom<readonly string[]>([]);
  const isRouter = node === 2;
  const few = (rule: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<readonly string[]> =>
    fc.oneof(plain, fc.array(rule, { maxLength }));
  return fc
    .record({
      filter: few(isRouter ? filterRule : filterRule.filter((rule) => !rule.includes("FORWARD")), 3),
      mangle: isRouter ? few(mangleRule, 2) : plain,
      nat: isRouter ? few(natRule, 1) : plain,
      friends: fc.constantFrom("10.0.0.0/24", "10.0.1.0/24", "192.0.2.0/24"),
      rules: isRouter ? fc.oneof(fc.constant<string[]>([]), policyRules) : fc.constant<string[]>([]),
      routes: isRouter
        ? extraRoutes
        : fc.constant([node === 1 ? "default via 10.0.0.2 dev eth0" : "default via 10.0.1.2 dev eth0"]),
      sysctl: sysctls(addresses.length),
      conntrack: isRouter ? conntrack : fc.constant(""),
      recent,
      sockets: fc.constantFrom(LISTENING, ""),
      neighbours: node === 3 ? fc.constant("") : fc.oneof(fc.constant(""), knows(node)),
      strange: isRouter ? fc.oneof(fc.constant(""), fc.constantFrom(...STRANGE_DEVICES)) : fc.constant(""),
    })
    .map((made) => ({
      "ip-addr": addressesOf(node, addresses) + (made.strange === "" ? "" : strangeDevice(made.strange)),
      "ip-route": `${[...made.routes, ...kernelRoutes(addresses), ...(made.strange === "" ? [] : STRANGE_ROUTES)].join("\n")}\n`,
      "ip-rule": `${["0:\tfrom all lookup local", ...made.rules, "32766:\tfrom all lookup main", "32767:\tfrom all lookup default"].join("\n")}\n`,
      "iptables-legacy-save": ruleset(made.filter, made.mangle, made.nat),
      "iptables-nft-save": EMPTY_FILTER,
      "nft-ruleset": "table inet empty {\n}\n",
      "ipset-save": `create friends hash:net family inet hashsize 1024 maxelem 65536\nadd friends ${made.friends}\n`,
      sysctl: made.sysctl,
      conntrack: made.conntrack,
      "xt-recent": made.recent,
      sockets: made.sockets,
      "ip-neigh": made.neighbours,
    }));
}

export const truth: fc.Arbitrary<Truth> = fc.record({ n1: machine(1), n2: machine(2), n3: machine(3) });

/** Dumps of less than the collector asks for: lines with these words are not there. */
const PARTS_OF_DUMPS = [
  "ip-route: table ",
  "sysctl:ip_forward",
  "sysctl:forwarding",
  "sysctl:rp_filter",
  "sysctl:icmp_echo_ignore_all",
  "sysctl:nf_conntrack_tcp_loose",
  "sysctl:fib_multipath_hash_policy",
  "sockets:tcp",
  "sockets:udp",
] as const;

const missingDump = fc
  .tuple(
    fc.constantFrom("n2", "n2", "n2", "n3", "n1"),
    fc.constantFrom(
      "ip-route",
      "ip-rule",
      "ip-rule",
      "iptables-legacy-save",
      "iptables-nft-save",
      "nft-ruleset",
      "ipset-save",
      "sysctl",
      "conntrack",
      "xt-recent",
      "sockets",
      "ip-neigh",
      ...PARTS_OF_DUMPS,
    ),
  )
  .map(([node, dump]) => `${node}/${dump}`);

/** `n2/ip-rule`: dumps that nobody collected. Addresses are always there: without them there is no machine to ask. */
export const hidden: fc.Arbitrary<readonly string[]> = fc.oneof(
  missingDump.map((one) => [one]),
  fc.uniqueArray(missingDump, { minLength: 1, maxLength: 4 }),
);

/**
 * Whether only a missing `ip rule` could tell of rules, or a missing table of routes in it: they count as derived then (docs/reference/assumptions.md), and
 * no answer lists them.
 */
export function isDerived(machines: Truth, without: readonly string[]): boolean {
  const { n2 } = machines;
  const rules = n2["ip-rule"]?.trimEnd().split("\n").length ?? 0;
  const hasTables = /table 10\d/.test(n2["ip-route"] ?? "") && !without.some((path) => path.startsWith("n2/ip-route"));
  // Tables that no dump shows are derived of the addresses: nobody can tell of routes that somebody put into the local one.
  const ownLocal = without.includes("n2/ip-route: table ") && n2["ip-route"]?.includes(OWN_LOCAL_ROUTE) === true;
  return ownLocal || (without.includes("n2/ip-rule") && rules > DEFAULT_RULES && !hasTables);
}

const DEFAULT_RULES = 3;

/** The files of a snapshot without those that are hidden. */
export function filesOf(machines: Truth, without: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [node, dumps] of Object.entries(machines)) {
    for (const [name, text] of Object.entries(dumps as Dumps)) {
      if (without.includes(`${node}/${name}`)) continue;
      const start = `${node}/${name}:`;
      const words = without.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
      const kept = text.split("\n").filter((line) => !words.some((word) => line.includes(word)));
      files.set(`nodes/${node}/${name}.txt`, kept.join("\n"));
    }
  }
  return files;
}

export type Question = Readonly<Record<string, string | number>>;

export const question: fc.Arbitrary<Question> = fc
  .record({
    from: fc.constantFrom<Question>(
      { host: "n1" },
      { host: "n1" },
      { host: "n1" },
      { host: "n1" },
      { host: "n2", interface: "eth0" },
      { host: "n2" },
      { host: "n3" },
    ),
    to: fc.constantFrom(
      "10.0.1.3",
      "10.0.1.3",
      "10.0.1.3",
      "10.0.1.3",
      "10.0.0.2",
      "10.0.1.2",
      "10.0.0.1",
      "192.0.2.9",
      "192.0.2.9",
      "10.0.2.2",
    ),
    proto: fc.constantFrom<Question>(
      { proto: "tcp", sport: 4000, dport: 80 },
      { proto: "tcp", sport: 4001, dport: 80 },
      { proto: "tcp", sport: 4000, dport: 81, flags: "A" },
      { proto: "udp", sport: 4000, dport: 53 },
      { proto: "icmp" },
      { proto: "sctp", sport: 4000, dport: 80 },
      { proto: 50 },
    ),
    source: fc.constantFrom("10.0.0.1", "10.0.0.77", "10.9.9.9"),
    at: fc.constantFrom(0, 0, 1, 4, 6.5, 20, 60),
  })
  .map(({ from, to, proto, source, at }) => ({
    at,
    ...from,
    dst: to,
    ...("interface" in from ? { src: source } : {}),
    ...proto,
  }));
