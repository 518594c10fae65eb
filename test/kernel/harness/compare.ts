import { domainIn, type FreeDomains } from "../../../src/linux/free-value.ts";
import { REDIRECT, V6_REDIRECT } from "../../../src/net/icmp.ts";
import { pagedList } from "../../../src/net/paged-list.ts";
import { portSetHas } from "../../../src/net/port-set.ts";
import { ICMP, ICMPV6, TCP, UDP, UDPLITE } from "../../../src/net/protocol.ts";
import type { Observation, SeenHop, SeenPacket, SeenResponse, SeenRule, Together } from "./observation.ts";

/**
 * What is deliberately not compared, and why. Everything else that both sides tell must be equal.
 *
 * - Where and with which rules a packet goes round for ever: the oracle ends it at no place in particular.
 * - Hops on `lo` (podpath writes only the arrival down).
 * - IP identification, checksums, TCP options and window of packets that the kernel makes: they decide nothing.
 * - The value of a port or ICMP id that the kernel draws at random: podpath calls it free; the kernel's must lie in the
 *   free value's domain.
 * - ICMP 3/1 three seconds after an unanswered neighbour: nobody waits for it here.
 * - `dropped` or `rejected` where no error was seen and the kernel freed the packet in ip_error() without a reason, or for an
 *   option that nobody knows: the error may have been stopped by a rule, and what owes none looks the same from outside.
 * - Rules in a branch that stands for several (`count` above 1): a draw that changed nothing but which rules matched is
 *   merged into it.
 * - `unresolved` for a packet whose ICMP error waits for a neighbour: from outside it looks the same.
 * - A packet that the kernel kept without a word: it waits for a neighbour that was asked for before, or nothing handles
 *   its protocol and the drop that would say so came after ARP, where the oracle cannot tell whose it is.
 * - The delivered packet of protocols that nothing in the kernel handles: the oracle knows it only as it arrived.
 * - The drop reason where the kernel freed nothing (a failed local send), and after a delivery (NO_SOCKET).
 * - The place of a drop in the path of a locally sent packet: no tracepoint tells its device.
 * - The mark after a rule: legacy shows it before the rule, nft after it; a later match on it tells.
 * - The rules of responses where the oracle cannot tell two answers of one kind from each other.
 * - The order of rules of different hosts where a packet goes round a loop or in fragments: neither trace has a time stamp. There each host's
 *   rules are compared by themselves, and the delivery of an answer, which the kernel may do after the oracle looked.
 * - The order of hops, and the host, place and hook of the end, of a frame that a bridge or VXLAN copied: the copies share one
 *   identity and queues of their own. Hops and rules are compared as a set then, and the outcome is that of one of them.
 * - How many turns a packet makes in a loop that draws another port at each, until none is left: which are tried is drawn, too. Nor
 *   in one that puts a tunnel's frame around it at each: how many the kernel finds memory for is its own.
 * - The rules of each of several errors about fragments of one IPv6 packet, or redirects alike and errors about them (`isOneOfMany`): those of
 *   all together are compared as a set.
 * - Which of several ends is the last one where fragments ended at different places. Hops and rules are compared.
 * - nat rules and connections of the outer packet where a flow was translated on its way into a tunnel (`test/kernel/fuzz/outer-port.ts`).
 * - The rules of tables of nft's own, of which podpath may make several of one.
 * - The order of rules of two backends, which no trace tells, and so neither the hook of a drop nor whether a REJECT was the last.
 * - Which of a packet and its copies by TEE did what, and who sent which of several errors about them: hops and rules of all
 *   together are compared as a set, and the outcome is that of one of them.
 * - A quoted packet is quoted as far as the kernel sent it: its payload length is not compared, nor the ports or
 *   message of what a quoted tunnel's packet carries, where the quotation ends before them (ndisc_send_redirect() cuts it to eight bytes).
 */
/** What differs, in words; empty when the two agree. */
export function compare(kernel: Observation, podpath: Observation): readonly string[] {
  const found: string[] = [];
  const differ = (what: string, real: unknown, ours: unknown): void => {
    found.push(`${what}: kernel ${JSON.stringify(real)}, podpath ${JSON.stringify(ours)}`);
  };
  if (kernel.outcome === "loop" || podpath.outcome === "loop") {
    const isUsedUp = podpath.usesUp && (kernel.outcome === "dropped" || kernel.outcome === "rejected");
    if (kernel.outcome !== podpath.outcome && !isUsedUp) differ("outcome", kernel.outcome, podpath.outcome);
    return found;
  }
  if (podpath.together !== null) {
    compareTogether(kernel, podpath, podpath.together, differ);
    return found;
  }
  const { responses } = podpath;
  const quiet =
    QUIET.has(kernel.reason) &&
    podpath.reason === kernel.reason &&
    kernel.responses.every(({ packet }) => isRedirect(packet));
  const outcome = quiet && podpath.outcome === "rejected" && kernel.outcome === "dropped" ? "dropped" : podpath.outcome;
  // An ICMP error about a tunnel packet with an ARP question inside looks like one about the packet that waits for it.
  const refused = kernel.outcome === "rejected" && podpath.outcome === "unresolved" && podpath.responses.length > 0;
  const unanswered = refused || (kernel.outcome === "unresolved" && podpath.pending);
  // Nothing tells whether the answer of a reject was made, where rules stop it.
  const silent = kernel.outcome === "dropped" && podpath.outcome === "rejected" && isAskedTwice(kernel.rules);
  // A match that cannot read its header drops the packet in its rule, which in nft's trace looks like that rule's REJECT without an answer.
  const hotdrop =
    kernel.outcome === "rejected" &&
    podpath.outcome === "dropped" &&
    kernel.responses.length === 0 &&
    isDroppedByLastOf(podpath.rules) &&
    isDroppedByLastOf(kernel.rules);
  // The error about fragments that do not come is sent for a packet that waited, and was refused by nobody.
  const givenUp = podpath.reason === "FRAG_REASM_TIMEOUT" && kernel.reason === podpath.reason;
  // Of copies that ended apart, podpath tells the first end, the oracle goes by the last rule.
  const isOneEnd = (kernel.apart || podpath.copied) && podpath.ends.some((end) => isSameEnd(kernel, end));
  // A raw socket sees a datagram before its checksum is looked at, and the reason does not tell that it was.
  const unsummed =
    podpath.outcome === "dropped" &&
    podpath.reason === "NO_SOCKET" &&
    kernel.reason === "NO_SOCKET" &&
    podpath.responses.length === 0;
  if (
    kernel.outcome !== outcome &&
    !unanswered &&
    !unsummed &&
    !silent &&
    !hotdrop &&
    !isOneEnd &&
    !givenUp &&
    !nothingSeen(kernel, podpath)
  )
    differ("outcome", kernel.outcome, outcome);
  if (kernel.errno !== podpath.errno) differ("errno", kernel.errno, podpath.errno);
  const copied = podpath.copied || isCopied(podpath.hops);
  const apart = copied || kernel.apart;
  if (kernel.host !== null && !apart && kernel.host !== podpath.host) differ("host", kernel.host, podpath.host);
  if (kernel.hook !== podpath.hook && kernel.hook !== null && !copied && !isAskedTwice(kernel.rules))
    differ("hook", kernel.hook, podpath.hook);
  if (kernel.interface !== podpath.interface && !apart) differ("interface", kernel.interface, podpath.interface);
  if (kernel.outcome !== "delivered" && kernel.outcome !== "unresolved" && kernel.reason !== null) {
    if (kernel.reason !== podpath.reason && !copied && !isOneEnd) differ("reason", kernel.reason, podpath.reason);
  }
  if (!podpath.merged) compareRules("rules", inLoopOrder(kernel), inLoopOrder(podpath), copied, differ);
  compareHops("hop", kernel.hops, podpath.hops, domainsOf(podpath), copied, differ);
  if (kernel.delivered !== null && podpath.delivered !== null) {
    const { packet } = kernel.delivered;
    // Where nothing handles what comes first, the oracle knows the packet as it came in only.
    const isHandled =
      isHeard(packet.protocol) && !packet.extensions.some((words) => words.startsWith("authentication"));
    // A raw socket sees what IPv6 carries, not the headers in front of it.
    const received = { ...podpath.delivered.packet, extensions: [] };
    if (isHandled && !samePacket({ ...packet, extensions: [] }, received, domainsOf(podpath))) {
      differ("delivered packet", words(packet), words(podpath.delivered.packet));
    }
  }
  if (kernel.responses.length !== responses.length) {
    differ("responses", kernel.responses.map(responseWords), responses.map(responseWords));
    return found;
  }
  const many = kernel.responses.filter((response) => isOneOfMany(response, kernel));
  kernel.responses.forEach((real, index) => {
    const ours = responses[index];
    if (ours !== undefined) compareResponse(real, ours, podpath, many.includes(real), differ);
  });
  if (!podpath.merged) {
    for (const name of new Set(many.map(responseWords))) {
      compareRules(`responses ${name} rules`, rulesOfAll(kernel, name), rulesOfAll(podpath, name), true, differ);
    }
  }
  return found;
}

/** Whether both delivered the same packet to the same host. */
export function isSameDelivery({ delivered: real }: Observation, podpath: Observation): boolean {
  const { delivered } = podpath;
  if (real === null || delivered === null || real.host !== delivered.host) return false;
  return samePacket(real.packet, delivered.packet, domainsOf(podpath));
}

function isDroppedByLastOf(rules: readonly SeenRule[]): boolean {
  const last = rules.at(-1);
  return last !== undefined && last.backend === "nft" && last.verdict === "drop";
}

/** What a packet, its copies and all answers did. */
function compareTogether(
  kernel: Observation,
  podpath: Observation,
  { hops, rules, outcomes }: Together,
  differ: Differ,
): void {
  if (kernel.errno !== podpath.errno) differ("errno", kernel.errno, podpath.errno);
  // What a host that rules keep silent would answer, nobody sees.
  const silent = kernel.outcome === "dropped" && outcomes.has("rejected") && kernel.reason === podpath.reason;
  if (!outcomes.has(kernel.outcome) && !silent && !podpath.pending) {
    differ("outcome", kernel.outcome, [...outcomes].join());
  }
  const real = [kernel, ...kernel.responses];
  if (!podpath.merged) {
    compareRules("rules", ofIptables(real.flatMap((part) => part.rules)), ofIptables(rules), true, differ);
  }
  compareHops(
    "hop",
    real.flatMap((part) => part.hops),
    hops,
    domainsOf(podpath),
    true,
    differ,
  );
}

/** A redirect refuses nothing. */
function isRedirect(packet: SeenPacket): boolean {
  return packet.icmpType === (packet.protocol === ICMP ? REDIRECT : V6_REDIRECT);
}

/** Reasons that the kernel also gives where it owes an error. */
const QUIET: ReadonlySet<string | null> = new Set(["NOT_SPECIFIED", "UNHANDLED_PROTO"]);

/** The oracle calls rejected what REJECT was the last rule of, which of copies may be another one's rule. */
function isSameEnd(kernel: Observation, { outcome, reason }: Observation["ends"][number]): boolean {
  if (outcome === "rejected" && kernel.outcome === "dropped") return kernel.reason === "NETFILTER_DROP";
  return outcome === kernel.outcome && (reason === null || reason === kernel.reason);
}

function nothingSeen(kernel: Observation, podpath: Observation): boolean {
  if (kernel.outcome !== "dropped" || kernel.reason !== null || kernel.errno !== null) return false;
  const protocol = podpath.delivered?.packet.protocol;
  return podpath.pending || (protocol !== undefined && !isHeard(protocol));
}

function domainsOf({ merged, freeDomains }: Observation): FreeDomains {
  return merged ? ANY_VALUE : freeDomains;
}

/** Protocols that the oracle has raw sockets for. */
function isHeard(protocol: number): boolean {
  return isIcmp(protocol) || protocol === TCP || protocol === UDP || protocol === UDPLITE;
}

function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

type Differ = (what: string, real: unknown, ours: unknown) => void;

/** One of several errors about fragments of one IPv6 packet, or of its redirects or errors about those, which a trace of rules does not tell apart. */
function isOneOfMany(response: SeenResponse, { responses }: Observation): boolean {
  const { protocol, inner } = response.packet;
  if (protocol !== ICMPV6 || inner === null) return false;
  const mayBe = inner.mf || inner.fragOffset > 0 || isRedirect(response.packet) || isRedirect(inner);
  if (!mayBe) return false;
  return responses.filter((other) => responseWords(other) === responseWords(response)).length > 1;
}

/** The rules of iptables that all answers of one name met. */
function rulesOfAll({ responses }: Observation, name: string): readonly SeenRule[] {
  const named = responses.filter((response) => responseWords(response) === name);
  return ofIptables(named.flatMap(({ rules }) => rules));
}

function compareResponse(
  real: SeenResponse,
  ours: SeenResponse,
  whole: Observation,
  untraced: boolean,
  differ: Differ,
): void {
  const { merged } = whole;
  const domains = domainsOf(whole);
  const what = `response ${responseWords(real)}`;
  const copied = ours.copied || isCopied(ours.hops);
  if (real.kind !== ours.kind || real.host !== ours.host) differ(what, responseWords(real), responseWords(ours));
  if (!samePacket(real.packet, ours.packet, domains)) differ(`${what} packet`, words(real.packet), words(ours.packet));
  if (real.deliveredTo !== ours.deliveredTo && !(real.deliveredTo === null && goesRound(whole.hops))) {
    differ(`${what} delivered to`, real.deliveredTo, ours.deliveredTo);
  }
  if (!merged && !untraced) compareRules(`${what} rules`, inLoopOrder(real), inLoopOrder(ours), copied, differ);
  compareHops(`${what} hop`, real.hops, ours.hops, domains, copied, differ);
}

/** Whether the packet came to one host more than twice. */
function goesRound(hops: readonly SeenHop[]): boolean {
  const visits = new Map<string, number>();
  for (const { host, direction } of hops) {
    if (direction === "in") visits.set(host, (visits.get(host) ?? 0) + 1);
  }
  return [...visits.values()].some((count) => count > 2);
}

/** Tables that iptables has; all others are nft's own. */
const IPTABLES: ReadonlySet<string> = new Set(["raw", "mangle", "nat", "filter", "security"]);

function ofIptables(rules: readonly SeenRule[]): readonly SeenRule[] {
  return rules.filter(({ table }) => IPTABLES.has(table));
}

/** Whether more than one tool's rules were asked, whose traces do not tell who was first. */
function isAskedTwice(rules: readonly SeenRule[]): boolean {
  return rules.some(({ table, backend }) => !IPTABLES.has(table) || backend !== rules[0]?.backend);
}

function inLoopOrder({ hops, rules }: Pick<Observation, "hops" | "rules">): readonly SeenRule[] {
  if (isAskedTwice(rules)) {
    const key = ({ host, backend }: SeenRule): string => `${host} ${backend}`;
    return [...ofIptables(rules)].sort((x, y) => (key(x) < key(y) ? -1 : key(x) > key(y) ? 1 : 0));
  }
  if (!goesRound(hops) && !hops.some(({ packet }) => packet.mf || packet.fragOffset > 0)) return rules;
  return [...rules].sort((x, y) => (x.host < y.host ? -1 : x.host > y.host ? 1 : 0));
}

function compareRules(
  what: string,
  real: readonly SeenRule[],
  ours: readonly SeenRule[],
  copied: boolean,
  differ: Differ,
): void {
  const [x, y] = [real.map(ruleWords), ours.map(ruleWords)];
  if (copied) for (const list of [x, y]) list.sort();
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if (x[i] === y[i]) continue;
    differ(`${what} from ${i}`, x.slice(i, i + 4), y.slice(i, i + 4));
    return;
  }
}

/** Whether the same packet left one host by two ports: a frame that was copied, or one that left by a bridge and its port. */
function isCopied(hops: readonly SeenHop[]): boolean {
  const seen = new Set<string>();
  for (const hop of hops) {
    if (hop.direction === "in") continue;
    const key = `${hop.host} ${words(hop.packet)}`;
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}

/**
 * Fragments travel together: what one of them does at one place is compared in order, but not whether another was ahead of
 * it elsewhere (the kernel stamps frames when they are queued).
 */
function byPlace(hops: readonly SeenHop[]): readonly SeenHop[] {
  if (!hops.some(({ packet }) => packet.mf || packet.fragOffset > 0)) return hops;
  const places = new Map<string, SeenHop[]>();
  for (const hop of hops) {
    const place = `${hop.host} ${hop.interface} ${hop.direction}`;
    const there = places.get(place);
    if (there === undefined) places.set(place, [hop]);
    else there.push(hop);
  }
  return [...places.values()].flat();
}

function compareHops(
  what: string,
  given: readonly SeenHop[],
  said: readonly SeenHop[],
  domains: FreeDomains,
  copied: boolean,
  differ: Differ,
): void {
  const inOrder = (hops: readonly SeenHop[]): readonly SeenHop[] =>
    copied ? [...hops].sort((p, q) => (hopWords(p) < hopWords(q) ? -1 : 1)) : byPlace(hops);
  const real = inOrder(given);
  const ours = copied ? inOrderOf(real, inOrder(said), domains) : inOrder(said);
  for (let i = 0; i < Math.max(real.length, ours.length); i++) {
    const [x, y] = [real[i], ours[i]];
    if (x !== undefined && y !== undefined && sameHop(x, y, domains)) continue;
    differ(`${what} ${i}`, x === undefined ? null : hopWords(x), y === undefined ? null : hopWords(y));
    return;
  }
}

function sameHop(x: SeenHop, y: SeenHop, domains: FreeDomains): boolean {
  return (
    x.host === y.host &&
    x.interface === y.interface &&
    x.direction === y.direction &&
    samePacket(x.packet, y.packet, domains)
  );
}

function isChosen({ packet }: SeenHop): boolean {
  return packet.sport <= 0xffff && packet.dport <= 0xffff;
}

/** Each hop where its like stands in the other list: by words, a port that nobody has chosen stands anywhere. */
function inOrderOf(real: readonly SeenHop[], said: readonly SeenHop[], domains: FreeDomains): readonly SeenHop[] {
  if (said.every(isChosen)) return said;
  const left = [...said.filter(isChosen), ...said.filter((hop) => !isChosen(hop))];
  const alike = real.map((x) => {
    const at = left.findIndex((y) => sameHop(x, y, domains));
    return at < 0 ? null : (left.splice(at, 1)[0] ?? null);
  });
  return [...alike.flatMap((hop) => hop ?? left.shift() ?? []), ...left];
}

/** Domains of a merged branch are those of one of its parts: there any value will do. */
const ANY_VALUE: FreeDomains = pagedList();

function sameValue(real: number, ours: number, domains: FreeDomains): boolean {
  if (ours <= 0xffff) return real === ours;
  if (domains === ANY_VALUE) return true;
  return portSetHas(domainIn(domains, ours), real);
}

function samePacket(real: SeenPacket, ours: SeenPacket, domains: FreeDomains, quoted = false): boolean {
  if (real.src !== ours.src || real.dst !== ours.dst || real.protocol !== ours.protocol) return false;
  if (real.extensions.join() !== ours.extensions.join()) return false;
  if (real.mf !== ours.mf || real.fragOffset !== ours.fragOffset) return false;
  if (real.ttl !== ours.ttl || real.tos !== ours.tos || real.df !== ours.df || real.vni !== ours.vni) return false;
  if (ours.fragOffset > 0) return quoted || real.length === ours.length;
  const cut = quoted && real.sport === 0 && real.dport === 0;
  if (!cut && !(sameValue(real.sport, ours.sport, domains) && sameValue(real.dport, ours.dport, domains))) return false;
  if (!quoted && real.protocol === TCP) {
    if (real.flags !== ours.flags || real.seq !== ours.seq || real.ack !== ours.ack) return false;
    if (real.mss !== ours.mss) return false;
  }
  // ICMPv6 has no message of type 0: the quotation ends before it.
  const endsBefore = quoted && real.protocol === ICMPV6 && real.icmpType === 0;
  if (isIcmp(real.protocol) && !endsBefore) {
    if (real.icmpType !== ours.icmpType || real.icmpCode !== ours.icmpCode || real.mtu !== ours.mtu) return false;
    if (ours.inner === null && !sameValue(real.icmpId, ours.icmpId, domains)) return false;
  }
  const sized = isHeard(real.protocol);
  if (!quoted && sized && ours.inner === null && real.length !== ours.length) return false;
  if (real.inner === null || ours.inner === null) return real.inner === null && ours.inner === null;
  return samePacket(real.inner, ours.inner, domains, quoted || ours.vni < 0);
}

function ruleWords(rule: SeenRule): string {
  return `${rule.host} ${rule.backend} ${rule.table} ${rule.chain} ${rule.index ?? "end"} ${rule.verdict}`;
}

function hopWords(hop: SeenHop): string {
  return `${hop.host} ${hop.interface} ${hop.direction} ${words(hop.packet)}`;
}

function responseWords({ kind, host, packet }: SeenResponse): string {
  const icmp = isIcmp(packet.protocol) ? ` ${packet.icmpType}/${packet.icmpCode}` : "";
  return `${host} ${kind}${icmp} ${packet.src} > ${packet.dst}`;
}

/** A packet in one line, for messages. */
export function words(p: SeenPacket): string {
  const head = `${p.protocol} ${p.src}:${p.sport} > ${p.dst}:${p.dport} ttl ${p.ttl} tos ${p.tos}${p.df ? " df" : ""}`;
  const mss = p.mss > 0 ? ` mss ${p.mss}` : "";
  const tcp = p.protocol === TCP && p.fragOffset === 0 ? ` [${p.flags}] seq ${p.seq} ack ${p.ack}${mss}` : "";
  const icmp =
    isIcmp(p.protocol) && p.fragOffset === 0 ? ` type ${p.icmpType}/${p.icmpCode} id ${p.icmpId} mtu ${p.mtu}` : "";
  const inner = p.inner === null ? "" : `${p.vni >= 0 ? ` vni ${p.vni}` : ""} (${words(p.inner)})`;
  const piece = p.mf || p.fragOffset > 0 ? ` fragment ${p.fragOffset}${p.mf ? "+" : ""}` : "";
  const headers = p.extensions.length === 0 ? "" : ` behind ${p.extensions.join(", ")}`;
  return `${head}${headers}${piece}${tcp}${icmp} length ${p.length}${inner}`;
}
