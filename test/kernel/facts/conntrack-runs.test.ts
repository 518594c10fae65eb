import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isKnownMatch, isKnownTarget, matchNames, targetNames } from "../../../src/linux/netfilter/known-extensions.ts";
import { ruleConntrackNeed } from "../../../src/linux/netfilter/needs-conntrack.ts";
import { readRule } from "../../../src/readers/iptables/rule.ts";
import { splitWords } from "../../../src/readers/iptables/words.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { FAMILIES_AND_BACKENDS } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** What each match needs to be taken; most stand in filter OUTPUT. */
const MATCHES: Readonly<Record<string, string>> = {
  addrtype: "-m addrtype --dst-type LOCAL",
  ah: "-p ah -m ah",
  bpf: '-m bpf --bytecode "1,6 0 0 1"',
  cgroup: "-m cgroup --cgroup 1",
  cluster: "-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 7",
  comment: "-m comment --comment x",
  connbytes: "-m connbytes --connbytes 1 --connbytes-mode packets --connbytes-dir both",
  connlabel: "-m connlabel --label 1",
  connlimit: "-m connlimit --connlimit-above 9",
  connmark: "-m connmark --mark 1",
  conntrack: "-m conntrack --ctstate NEW",
  cpu: "-m cpu --cpu 0",
  dccp: "-p dccp -m dccp --dport 5",
  devgroup: "-m devgroup --dst-group 1",
  dscp: "-m dscp --dscp 1",
  dst: "-m dst --dst-len 8",
  ecn: "-m ecn --ecn-ip-ect 1",
  esp: "-p esp -m esp",
  eui64: "-A INPUT -m eui64",
  frag: "-m frag --fragfirst",
  hashlimit: "-m hashlimit --hashlimit-upto 5/min --hashlimit-name x",
  hbh: "-m hbh --hbh-len 8",
  helper: "-m helper --helper ftp",
  hl: "-m hl --hl-eq 5",
  icmp: "-p icmp -m icmp --icmp-type 8",
  icmp6: "-p icmpv6 -m icmp6 --icmpv6-type 128",
  ipcomp: "-p ipcomp -m ipcomp",
  iprange: "-m iprange --dst-range LOW-HIGH",
  ipv6header: "-m ipv6header --header frag --soft",
  l2tp: "-p 115 -m l2tp --tid 5",
  length: "-m length --length 5",
  limit: "-m limit",
  mac: "-A INPUT -m mac --mac-source 02:00:00:00:00:01",
  mark: "-m mark --mark 1",
  mh: "-p mobility-header -m mh --mh-type 1",
  multiport: "-p udp -m multiport --dports 5,6",
  osf: "-A INPUT -p tcp -m osf --genre Linux",
  owner: "-m owner --uid-owner 5",
  physdev: "-A FORWARD -m physdev --physdev-in eth0",
  pkttype: "-m pkttype --pkt-type unicast",
  policy: "-m policy --dir out --pol none",
  quota: "-m quota --quota 5",
  realm: "-m realm --realm 5",
  rateest: "-m rateest --rateest x --rateest-gt --rateest-bps1 5bit",
  recent: "-m recent --rcheck",
  rpfilter: "-t raw -A PREROUTING -m rpfilter",
  rt: "-m rt --rt-type 0",
  sctp: "-p sctp -m sctp --dport 5",
  set: "-m set --match-set x dst",
  socket: "-t mangle -A PREROUTING -m socket",
  srh: "-m srh --srh-segs-left-eq 1",
  state: "-m state --state NEW",
  statistic: "-m statistic --mode random --probability 0.5",
  string: "-m string --algo bm --string x",
  tcp: "-p tcp -m tcp --dport 5",
  tcpmss: "-p tcp -m tcp --tcp-flags SYN SYN -m tcpmss --mss 5",
  time: "-m time --weekdays Mon",
  tos: "-m tos --tos 8",
  ttl: "-m ttl --ttl-eq 5",
  u32: '-m u32 --u32 "0=1"',
  udp: "-p udp -m udp --dport 5",
};

/** The same of targets. */
const TARGETS: Readonly<Record<string, string>> = {
  AUDIT: "-j AUDIT --type drop",
  CHECKSUM: "-t mangle -A POSTROUTING -j CHECKSUM --checksum-fill",
  CLASSIFY: "-t mangle -A POSTROUTING -j CLASSIFY --set-class 1:1",
  CLUSTERIP:
    "-A INPUT -i eth0 -j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5e:00:00:01 --total-nodes 2 --local-node 1",
  CONNMARK: "-j CONNMARK --set-mark 1",
  CONNSECMARK: "-t mangle -A OUTPUT -j CONNSECMARK --save",
  CT: "-t raw -A OUTPUT -j CT --zone 1",
  "CT --notrack": "-t raw -A OUTPUT -j CT --notrack",
  DNAT: "-t nat -A OUTPUT -j DNAT --to-destination LOW",
  DNPT: "-t mangle -A PREROUTING -j DNPT --src-pfx fd00:1::/64 --dst-pfx fd00:2::/64",
  DSCP: "-t mangle -A OUTPUT -j DSCP --set-dscp 1",
  ECN: "-t mangle -A OUTPUT -p tcp -j ECN --ecn-tcp-remove",
  HL: "-t mangle -A OUTPUT -j HL --hl-set 5",
  HMARK: "-t mangle -A OUTPUT -j HMARK --hmark-tuple src --hmark-mod 3 --hmark-rnd 7",
  IDLETIMER: "-j IDLETIMER --timeout 60 --label podpath",
  LED: '-j LED --led-trigger-id "podpath"',
  LOG: "-j LOG",
  "LOG in nat": "-t nat -A OUTPUT -j LOG",
  MARK: "-t mangle -A OUTPUT -j MARK --set-mark 1",
  MASQUERADE: "-t nat -A POSTROUTING -j MASQUERADE",
  NETMAP: "-t nat -A OUTPUT -j NETMAP --to LOW",
  NFLOG: "-j NFLOG",
  NFQUEUE: "-j NFQUEUE",
  NOTRACK: "-t raw -A OUTPUT -j NOTRACK",
  RATEEST: "-t mangle -A OUTPUT -j RATEEST --rateest-name x --rateest-interval 1s --rateest-ewmalog 4s",
  REDIRECT: "-t nat -A OUTPUT -p udp -j REDIRECT --to-ports 5",
  REJECT: "-j REJECT",
  SET: "-j SET --add-set x dst",
  SNAT: "-t nat -A POSTROUTING -j SNAT --to-source LOW",
  SNPT: "-t mangle -A POSTROUTING -j SNPT --src-pfx fd00:1::/64 --dst-pfx fd00:2::/64",
  SYNPROXY: "-A INPUT -p tcp -j SYNPROXY",
  TCPMSS: "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000",
  TCPOPTSTRIP: "-t mangle -A OUTPUT -p tcp -j TCPOPTSTRIP --strip-options 2",
  TEE: "-t mangle -A OUTPUT -j TEE --gateway LOW",
  TOS: "-t mangle -A OUTPUT -j TOS --set-tos 8",
  TPROXY: "-t mangle -A PREROUTING -p udp -j TPROXY --on-port 5",
  TRACE: "-t raw -A OUTPUT -j TRACE",
  TTL: "-t mangle -A OUTPUT -j TTL --ttl-set 5",
};

/**
 * What has no words above: it needs an object beside it (`nfacct`, `SECMARK`), is no extension of its own, or no kernel of these
 * times has it.
 */
const LEFT_OUT = [
  ...["icmpv6", "ipvs", "nfacct", "udplite", "unclean"],
  ...["IPMARK", "MIRROR", "QUEUE", "RAWDNAT", "RAWSNAT", "SAME", "SECMARK", "ULOG"],
];

/** Conntrack that runs has an entry for the datagram; nobody else sends any. */
const DATAGRAM = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", (sys.argv[1], 9))
print(open("/proc/sys/net/netfilter/nf_conntrack_count").read().strip())
`;

interface Ruled {
  readonly name: string;
  /** Arguments of iptables. */
  readonly words: string;
}

/** Rules that never match, since none of the packets goes there. */
function rulesFor(family: 4 | 6): readonly Ruled[] {
  const low = family === 4 ? "192.0.2.1" : "2001:db8::1";
  const elsewhere = family === 4 ? "-d 192.0.2.9" : "-d 2001:db8::9";
  return [...Object.entries(MATCHES), ...Object.entries(TARGETS)]
    .filter(([key]) => isKnownMatch(key.split(" ")[0] ?? "", family) || isKnownTarget(key.split(" ")[0] ?? "", family))
    .map(([name, text]) => {
      const placed = text.includes("-A ") ? text : `-A OUTPUT ${text}`;
      const words = placed
        .replace(/-A (\S+)/, `-A $1 ${elsewhere}`)
        .replace("LOW", low)
        .replace("HIGH", low);
      return { name, words };
    });
}

function isNeeded({ words }: Ruled, family: 4 | 6): boolean {
  const text = words.replace(/^-t \S+ /, "").replace(/-A \S+ /, "");
  const { rules, problems } = readRule(splitWords(text).words, {
    family,
    isChain: () => false,
    counters: null,
    origin: 0,
  });
  const [rule] = rules;
  if (rule === undefined) throw new Error(`${text}: ${JSON.stringify(problems)}`);
  const need = ruleConntrackNeed(rule);
  if (need === "perhaps") throw new Error(`${text} is taken by a kernel, and not known`);
  return need === "yes";
}

/** Whether the kernel takes the rule, alone in its namespace but for what it refers to, and then tracks connections. */
async function runsOnKernel(oracle: Oracle, { words }: Ruled, family: 4 | 6, backend: string): Promise<boolean | null> {
  const program = `${family === 6 ? "ip6tables" : "iptables"}-${backend}`;
  const quietly = words.includes("-m rateest")
    ? `${program} -w -t mangle -A OUTPUT -d ${family === 4 ? "192.0.2.9" : "2001:db8::9"} -j RATEEST --rateest-name x --rateest-interval 1s --rateest-ewmalog 4s`
    : ":";
  const script = `
    ${quietly} && ${program} -w ${words} || { echo refused; exit; }
    python3 -c '${DATAGRAM}' ${family === 4 ? "127.0.0.1" : "::1"}
    for table in filter nat mangle raw; do ${program} -w -t $table -F; done
    conntrack -F`;
  const { stdout } = await oracle.exec("A", ["sh", "-c", script]);
  const said = stdout.trim().split("\n")[0];
  return said === "refused" ? null : Number(said) > 0;
}

/** nf_ct_netns_get() in the checkentry functions of the extensions. */
describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("a rule that no packet meets, IPv%i, %s", (family, backend) => {
  const oracle = new Oracle();
  beforeAll(() =>
    oracle.build(
      toBuildRequest(
        networkOf({
          hosts: [
            {
              name: "A",
              interfaces: [{ name: "eth0", addresses: ["10.0.0.1/24", "fd00::1/64"] }],
              ipsets: `create x hash:net${family === 6 ? " family inet6" : ""}\n`,
            },
          ],
          links: [],
        }),
        {},
      ),
    ),
  );
  afterAll(() => oracle.close());

  it("has conntrack run, or not, by its matches and its target, for every extension that the kernel takes", async () => {
    const rules = rulesFor(family);
    const found: (readonly [string, boolean | null])[] = [];
    for (const rule of rules) found.push([rule.name, await runsOnKernel(oracle, rule, family, backend)]);
    const taken = found.filter(([, runs]) => runs !== null);
    expect(taken.length).toBeGreaterThan(70);
    const expected = rules
      .filter((_, index) => found[index]?.[1] !== null)
      .map((rule) => [rule.name, isNeeded(rule, family)]);
    expect(taken).toEqual(expected);
  });
});

describe("the extensions that are asked", () => {
  it("are all that iptables knows", () => {
    const asked = new Set([
      ...Object.keys(MATCHES),
      ...Object.keys(TARGETS).map((key) => key.split(" ")[0] ?? ""),
      ...LEFT_OUT,
    ]);
    expect([...matchNames(), ...targetNames()].filter((name) => !asked.has(name))).toEqual([]);
  });
});
