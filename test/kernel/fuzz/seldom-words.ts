import fc from "fast-check";
import type { FuzzBackend } from "./case.ts";
import type { FuzzTable } from "./ruleset.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Rules of words that hardly any ruleset has, most of which want a packet of their own kind (`seldom-packets.ts`). */

function withSpi(name: string, option: string): readonly string[] {
  return ["", "! "].flatMap((no) => ["7", "0:9"].map((text) => `-p ${name} -m ${name} ${no}--${option} ${text}`));
}

const PORTS = ["--dport 80", "! --dport 80", "--sport 1000:5000", "! --sport 4000 --dport 53:443"];

/** Matches of both families. */
const MATCHES: readonly string[] = [
  ...PORTS.flatMap((text) => [`-p dccp -m dccp ${text}`, `-p sctp -m sctp ${text}`]),
  ...["", "! "].flatMap((no) =>
    ["any INIT", "all INIT", "only INIT,DATA", "any DATA"].map((text) => `-p sctp -m sctp ${no}--chunk-types ${text}`),
  ),
  "-p udplite -m multiport --dports 53,80",
  "-p udplite -m multiport ! --ports 80",
  "-p esp -m esp",
  ...withSpi("esp", "espspi"),
  "-p ipcomp -m ipcomp --ipcompspi 0:4294967295",
  "-p ipcomp -m ipcomp ! --ipcompspi 5",
  "-p tcp -m tcpmss --mss 400:1500",
  "-p tcp -m tcpmss ! --mss 0:1000",
];

const MATCHES_OF: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ["-p ah -m ah", ...withSpi("ah", "ahspi"), "-p tcp -m osf --genre Linux", "-p tcp -m osf ! --genre Linux"],
  6: [
    "-p ah -m ah",
    "-p ah -m ah",
    "-p ah -m ah --ahspi 7",
    "-p ah -m ah ! --ahspi 7",
    "-p ah -m ah --ahspi 0:9 --ahlen 12",
    "-p ah -m ah ! --ahlen 12",
    "-m dst --dst-len 8",
    "-m dst ! --dst-len 8",
    "-m dst --dst-opts 5:2",
    "-m dst --dst-opts 1:4",
    "-m hbh --hbh-len 8",
    "-m hbh ! --hbh-len 8",
    "-m hbh --hbh-opts 5:2",
    "-m frag --fragfirst",
    "-m frag --fraglast",
    "-m frag --fraglast",
    "-m frag --fragmore",
    "-m rt --rt-type 0",
    "-m rt ! --rt-type 0",
    "-m rt --rt-segsleft 0",
    "-m rt --rt-type 0 --rt-0-res",
    "-m ipv6header --header prot",
    "-m ipv6header --header hop,prot",
    "-m ipv6header --header dst,auth --soft",
    "-m ipv6header ! --header route --soft",
    "-m eui64",
    "-m eui64",
    "-p ipv6-mh -m mh --mh-type 0:4",
    "-p ipv6-mh -m mh ! --mh-type 5",
    "-p ipv6-mh -m mh",
  ],
};

/** Targets after which the packet goes on, by hook of mangle. */
function targets(family: 4 | 6, hook: string): readonly string[] {
  const list = [
    "-j CONNSECMARK --save",
    "-j CONNSECMARK --restore",
    "-p tcp -j TCPOPTSTRIP --strip-options mss",
    "-p tcp -j TCPOPTSTRIP --strip-options mss,timestamp,5",
    "-j HMARK --hmark-tuple src,dst --hmark-mod 2 --hmark-offset 1 --hmark-rnd 7",
  ];
  const leaves = hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING";
  list.push("-p tcp -m tcp --syn -j TCPMSS --set-mss 600");
  if (leaves) list.push("-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu");
  if (family === 4) list.push("-p tcp -j ECN --ecn-tcp-remove");
  if (family === 6 && hook === "POSTROUTING") {
    list.push("-s fd00:a::/64 -j SNPT --src-pfx fd00:a::/64 --dst-pfx fd00:77:3::/64");
    list.push("-o out0 -s fd00:a::/64 -j SNPT --src-pfx fd00:a::/64 --dst-pfx 2001:db8::/32");
  }
  if (family === 6 && hook === "OUTPUT") {
    list.push("-d fd00:c::/64 -j DNPT --src-pfx fd00:c::/64 --dst-pfx fd00:b::/64");
  }
  if (hook === "PREROUTING") {
    for (const protocol of ["tcp", "udp"]) list.push(`-p ${protocol} -j TPROXY --on-port 8080 --tproxy-mark 0x1/0x1`);
  }
  return list;
}

const MARKS = ["-j MARK --set-xmark 0x1/0x1", "-j MARK --set-xmark 0x2/0x2", "-j MARK --set-xmark 0x4/0x4", ""];
const HOOKS = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/** What looks at frames that came, or at who sent them, the tools refuse elsewhere. */
function isMeant(rule: string, hook: string): boolean {
  return !/-m (?:eui64|osf)/.test(rule) || (hook !== "OUTPUT" && hook !== "POSTROUTING");
}

/** Mangle that notes and changes, filter that decides by what it sees. */
export function seldomTables({ family }: Vocabulary, backend: FuzzBackend): fc.Arbitrary<readonly FuzzTable[]> {
  const matches = [...MATCHES, ...MATCHES_OF[family]];
  const noting = (hook: string): fc.Arbitrary<string[]> => {
    const ofHook = matches.filter((rule) => isMeant(rule, hook));
    const marking = fc
      .tuple(fc.constantFrom(...ofHook), fc.constantFrom(...MARKS))
      .map((words) => words.join(" ").trim());
    return fc.array(
      fc.oneof({ weight: 3, arbitrary: marking }, { weight: 1, arbitrary: fc.constantFrom(...targets(family, hook)) }),
      { minLength: 6, maxLength: 14, size: "max" },
    );
  };
  const deciding = (hook: string): fc.Arbitrary<string[]> => {
    const verdicts = ["-j DROP", "-j ACCEPT", "-j REJECT", "-j ACCEPT"];
    const ends = fc
      .tuple(fc.constantFrom(...matches.filter((rule) => isMeant(rule, hook))), fc.constantFrom(...verdicts))
      .map((words) => words.join(" "));
    const proxy = "-p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --mss 1460";
    // nft has no QUEUE.
    const queue = "-p udp -m udp --dport 1:443 -j QUEUE";
    const own = ["-m mark --mark 0x1/0x1 -j DROP", backend === "nft" ? "-p udp -j DROP" : queue];
    const more = fc.constantFrom(...own, ...(hook === "OUTPUT" ? [] : [proxy]));
    return fc.array(fc.oneof({ weight: 1, arbitrary: ends }, { weight: 1, arbitrary: more }), {
      maxLength: 4,
      size: "max",
    });
  };
  const chains = (
    name: "mangle" | "filter",
    hooks: readonly string[],
    rules: (hook: string) => fc.Arbitrary<string[]>,
  ): fc.Arbitrary<FuzzTable> =>
    fc.tuple(...hooks.map(rules)).map((lists) => ({
      name,
      chains: lists.map((list, at) => ({ name: hooks[at] ?? "", policy: "ACCEPT" as const, rules: list })),
    }));
  return fc.tuple(chains("mangle", HOOKS, noting), chains("filter", HOOKS.slice(1, 4), deciding));
}
