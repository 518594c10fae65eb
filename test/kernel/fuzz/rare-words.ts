import fc from "fast-check";
import type { RulePlace } from "./rule.ts";

const ABOUT_CLUSTER = "--cluster-local-node 1 --cluster-hash-seed 7";
/** `ip[9] == 6` for tcpdump -ddd. */
const BYTECODE = '"4,48 0 0 9,21 0 1 6,6 0 0 65535,6 0 0 0"';

function isAt(place: RulePlace, ...allowed: readonly string[]): boolean {
  return place.hooks.every((hook) => allowed.includes(hook));
}

/** Matches that rules seldom have, and that need no protocol. */
export function rareMatches(place: RulePlace): fc.Arbitrary<string> {
  const { family } = place.words;
  const texts = [
    `-m cluster --cluster-total-nodes 2 ${ABOUT_CLUSTER}`,
    `-m cluster --cluster-total-nodes 3 ! ${ABOUT_CLUSTER}`,
    "-m cpu --cpu 0",
    "-m connlabel --label 3",
    "-m connlabel ! --label 3",
    "-m helper --helper ftp",
    "-m helper ! --helper ftp",
    "-m conntrack --ctexpire 45:1000000",
    "-m conntrack ! --ctexpire 45:1000000",
    "-m conntrack --ctdir REPLY --ctstatus SEEN_REPLY",
    `-m bpf --bytecode ${BYTECODE}`,
  ];
  if (family === 4 && isAt(place, "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")) {
    texts.push("-m realm --realm 0", "-m realm ! --realm 0x5/0xff");
  }
  if (isAt(place, "PREROUTING", "INPUT")) texts.push("-m socket", "-m socket --nowildcard", "-m socket --transparent");
  if (isAt(place, "OUTPUT", "POSTROUTING")) texts.push("-m cgroup ! --cgroup 5", "-m cgroup --cgroup 5");
  if (family === 6 && isAt(place, "PREROUTING", "INPUT", "FORWARD")) texts.push("-m eui64");
  if (place.words.accounts) {
    const bounds = ["2", "! 2", "1:3", "60:200", "! 100"];
    for (const [at, text] of bounds.entries()) {
      const mode = ["packets", "packets", "packets", "bytes", "avgpkt"][at];
      const direction = ["both", "original", "reply", "both", "original"][at];
      const negated = text.startsWith("! ") ? `! --connbytes ${text.slice(2)}` : `--connbytes ${text}`;
      texts.push(`-m connbytes ${negated} --connbytes-dir ${direction} --connbytes-mode ${mode}`);
    }
  }
  if (place.stateful) {
    texts.push("-m connlimit --connlimit-above 1", "-m connlimit --connlimit-upto 1 --connlimit-daddr");
  }
  return fc.constantFrom(...texts);
}

/** `-p` with matches of a protocol that rules seldom have. */
export const RARE_PROTOCOLS: fc.Arbitrary<string> = fc.constantFrom(
  "-p esp -m esp --espspi 0:9",
  "-p esp -m esp ! --espspi 0:9",
  "-p udplite -m multiport --dports 80",
  "-p dccp -m dccp --dport 80",
  "-p sctp -m sctp --dport 80",
  "-p sctp -m sctp ! --sport 1000:1001",
  "-p tcp -m tcpmss --mss 400:1500",
  "-p tcp -m tcpmss ! --mss 0:1000",
  "-p tcp -m tcp ! --tcp-option 2",
  "-p tcp -m ecn ! --ecn-tcp-ece",
  "-p tcp -m ecn --ecn-tcp-cwr",
);

/** Conntrack zones, of both directions or one. */
const ZONES = [
  "-j CT --zone 1",
  "-j CT --zone 2",
  "-j CT --zone mark",
  "-j CT --zone-orig 1",
  "-j CT --zone-reply 1",
  "-j CT --ctevents new,destroy",
];

function copyOf(type: string | null): (gateway: string) => string {
  return (gateway) => `${type === null ? "" : `-m addrtype ${type} `}-j TEE --gateway ${gateway}`;
}

/** Targets that rules seldom have; `protocol` is what the rule selects. Null where there is none for this place. */
export function rareTargets(place: RulePlace, protocol: string): fc.Arbitrary<string> | null {
  const { family } = place.words;
  // In PREROUTING what comes back is copied without end, and takes the namespaces with it: from an own address, for a joined group.
  const endless = place.hooks.includes("PREROUTING") ? 1 : 4;
  const copies =
    place.words.copyTo === undefined || place.words.copyBack === undefined
      ? undefined
      : fc.oneof(
          { weight: 8, arbitrary: place.words.copyTo.map(copyOf(endless === 1 ? "! --dst-type MULTICAST" : null)) },
          { weight: endless, arbitrary: fc.oneof(place.words.copyBack, place.words.copyTo).map(copyOf(null)) },
        );
  if (place.table === "raw") {
    return fc.oneof(
      { weight: 2, arbitrary: fc.constant("-j TRACE") },
      { weight: 3, arbitrary: fc.constantFrom(...ZONES) },
      ...(copies === undefined ? [] : [{ weight: 1, arbitrary: copies }]),
    );
  }
  if (place.table === "filter") {
    const proxied = protocol === "tcp" && isAt(place, "INPUT", "FORWARD");
    const proxies = fc.constant("-j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460");
    if (copies === undefined) return proxied ? proxies : null;
    return proxied ? fc.oneof(copies, proxies) : copies;
  }
  if (place.table !== "mangle") return null;
  const texts = [
    "-j CHECKSUM --checksum-fill",
    "-j IDLETIMER --timeout 600 --label g3",
    "-j RATEEST --rateest-name g3 --rateest-interval 250ms --rateest-ewmalog 500ms",
    "-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 2 --hmark-offset 1 --hmark-rnd 7",
    "-j CONNMARK --or-mark 0x1",
    "-j CONNMARK --set-xmark 0x10/0x11",
  ];
  if (isAt(place, "FORWARD", "OUTPUT", "POSTROUTING")) texts.push("-j CLASSIFY --set-class 1:2");
  if (protocol === "tcp") {
    texts.push("-j TCPOPTSTRIP --strip-options mss", "-m tcp --syn -j TCPMSS --set-mss 900");
    if (family === 4) texts.push("-j ECN --ecn-tcp-remove");
    if (isAt(place, "FORWARD", "OUTPUT", "POSTROUTING")) texts.push("-m tcp --syn -j TCPMSS --clamp-mss-to-pmtu");
  }
  if ((protocol === "tcp" || protocol === "udp") && isAt(place, "PREROUTING")) {
    texts.push("-j TPROXY --on-port 8080 --tproxy-mark 0x1/0x1");
  }
  return fc.oneof(
    { weight: texts.length, arbitrary: fc.constantFrom(...texts) },
    ...(copies === undefined ? [] : [{ weight: 1, arbitrary: copies }]),
  );
}
