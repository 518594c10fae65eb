import type { Address } from "../../net/address.ts";
import { nftProtocol } from "../../net/ipv6-extension.ts";
import { hasPorts } from "../../net/protocol.ts";
import { setUpFixedDnat } from "../conntrack/nat.ts";
import { isFree, valueIn } from "../free-value.ts";
import type { Observer } from "../observer.ts";
import { UNKNOWN_INTERFACE } from "../routing/unknown-route.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { noteVolatile, recording } from "../walk-record.ts";
import { candidatesInUse, closeCandidates, nextCandidate, openCandidates } from "./candidates.ts";
import { indexFor, isShort } from "./chain-index.ts";
import { isDrawn } from "./draws.ts";
import { isSoonWalked, leadingAddressesOf, nextByLeadingAddress } from "./leading-addresses.ts";
import {
  type Instructions,
  nameMatches,
  OP_CALL,
  OP_CTSTATE,
  OP_DPORT,
  OP_DST,
  OP_DST6,
  OP_END,
  OP_FRAGMENT,
  OP_IN,
  OP_MARK,
  OP_NFT_PROTOCOL,
  OP_OUT,
  OP_PROTOCOL,
  OP_RANDOM,
  OP_SPORT,
  OP_SRC,
  OP_SRC6,
  RULE_WORDS,
  TARGET_ACCEPT,
  TARGET_CALL,
  TARGET_DNAT,
  TARGET_DROP,
  TARGET_GOTO,
  TARGET_JUMP,
  TARGET_NONE,
  TARGET_RETURN,
} from "./program.ts";
import { noteCall } from "./stability.ts";
import {
  arriveAt,
  type BoundChain,
  chainAt,
  countAt,
  NOWHERE,
  programAt,
  ruleAt,
  type TableImage,
} from "./table-image.ts";
import { leavesBy } from "./unknown-output.ts";
import { type Hook, NF_ACCEPT, NF_DROP, type TargetVerdict, type Verdict, XT_CONTINUE, XT_RETURN } from "./verdict.ts";

/**
 * Return addresses of jumps, shared by all walks: a REJECT inside a chain starts another walk, which runs above the
 * part of the stack that is in use and leaves it as it was.
 */
const stackPlaces: number[] = [];
const stackRules: number[] = [];
/** Of a chain with an index: where its candidates are (`candidates.ts`); else LINEAR. */
const stackCandidates: number[] = [];
let stackTop = 0;

const LINEAR = -1;

/**
 * Runs a built-in chain as ipt_do_table does (net/ipv4/netfilter/ip_tables.c): rules in order, jumps push, gotos
 * don't, RETURN or the end of a chain pops, and from the built-in chain falls to its policy. Leaves the chain and rule that
 * did not accept in the skb.
 *
 * Rule by rule is how it is meant. A chain with an index gives the next rule that can match instead; which rules match,
 * what they count and ask, and what is told to an observer is the same.
 */
export function traverse(start: BoundChain, skb: Skb, runtime: HostRuntime, hook: Hook): Verdict {
  let { place, count } = start;
  if (count === 0) return applyPolicy(start, skb, runtime, hook);
  const { image } = start;
  let { code } = image;
  const base = stackTop;
  const { observer, counters } = runtime;
  const everyRule = observer?.evaluated ?? null;
  let index = 0;
  const { packet } = skb;
  const { src, dst } = packet;
  const mark = candidatesInUse();
  let candidates = enter(image, place, count, skb, runtime);
  try {
    for (;;) {
      const from = index;
      if (candidates !== LINEAR) index = nextCandidate(candidates, from, count);
      else if (everyRule === null) index = nextByAddress(image, place, from, count, skb);
      if (everyRule !== null) {
        for (let passed = from; passed < index; passed++) {
          everyRule.call(observer, skb, runtime, chainAt(image, place), passed);
        }
      }
      const head = ruleAt(place, index);
      let verdict: TargetVerdict;
      if (index >= count) {
        // The end of a chain that a goto led to from the built-in one counts as a return too, before the policy.
        if (observer !== null && place !== start.place) {
          observer.step({ kind: "return", runtime, skb, chain: chainAt(image, place), hook });
        }
        verdict = XT_RETURN;
      } else {
        if (!ruleMatches(image, code[head] ?? 0, skb, runtime, hook)) {
          if (skb.cutShort) return dropCutShort(chainAt(image, place), index, skb, runtime, hook);
          if (everyRule !== null) everyRule.call(observer, skb, runtime, chainAt(image, place), index);
          index++;
          continue;
        }
        if (counters !== null) counters.count(chainAt(image, place), index, skb);
        const target = code[head + 1];
        const argument = code[head + 2] ?? 0;
        switch (target) {
          case TARGET_ACCEPT:
            verdict = NF_ACCEPT;
            break;
          case TARGET_DROP:
            verdict = NF_DROP;
            break;
          case TARGET_RETURN:
            verdict = XT_RETURN;
            break;
          case TARGET_JUMP:
          case TARGET_GOTO: {
            if (observer !== null) tellRule(observer, skb, runtime, chainAt(image, place), hook, index, XT_CONTINUE);
            let destination = argument;
            if (destination < 0) {
              destination = arriveAt(image, head);
              code = image.code;
              if (destination === NOWHERE) {
                index++;
                continue;
              }
            }
            if (target === TARGET_JUMP) {
              stackPlaces[stackTop] = place;
              stackRules[stackTop] = index + 1;
              stackCandidates[stackTop] = candidates;
              stackTop++;
            } else if (candidates !== LINEAR) closeCandidates(candidates);
            place = destination;
            count = countAt(image, place);
            index = 0;
            candidates = enter(image, place, count, skb, runtime);
            continue;
          }
          case TARGET_CALL: {
            skb.verdictChain = chainAt(image, place);
            skb.verdictRule = index;
            const call = image.calls[argument];
            if (call !== undefined && recording.current !== null) noteCall(call);
            verdict = call === undefined ? XT_CONTINUE : call(skb, runtime, hook);
            if (packet.src !== src || packet.dst !== dst || skb.packet !== packet) {
              // Looked up for what the packet was: from here on rule by rule (NPT rewrites a packet in the middle).
              candidates = LINEAR;
              stackCandidates.fill(LINEAR, base, stackTop);
            }
            break;
          }
          case TARGET_DNAT:
            noteVolatile();
            verdict = fixedDnat(code, argument, skb, runtime);
            break;
          default:
            verdict = XT_CONTINUE;
        }
        if (observer !== null) tellRule(observer, skb, runtime, chainAt(image, place), hook, index, verdict);
        if (verdict === XT_CONTINUE || target === TARGET_NONE) {
          index++;
          continue;
        }
      }
      if (verdict === XT_RETURN) {
        if (stackTop === base) return applyPolicy(start, skb, runtime, hook);
        if (candidates !== LINEAR) closeCandidates(candidates);
        stackTop--;
        place = stackPlaces[stackTop] ?? start.place;
        count = countAt(image, place);
        index = stackRules[stackTop] ?? 0;
        candidates = stackCandidates[stackTop] ?? LINEAR;
        continue;
      }
      // Nobody asks what accepted it, and a chain that few packets come to would have to be fetched from far.
      if (verdict !== NF_ACCEPT) {
        skb.verdictChain = chainAt(image, place);
        skb.verdictRule = index;
      }
      return verdict;
    }
  } finally {
    stackTop = base;
    closeCandidates(mark);
  }
}

/**
 * The address is made anew each time: one that thousands of rules keep would have to be fetched from far. It is a literal of its own, since V8
 * learns for each literal whether what it makes stays: these do, in connections, and are made where no collection moves them.
 */
function fixedDnat(code: Int32Array, at: number, skb: Skb, runtime: HostRuntime): TargetVerdict {
  const address: Address = { family: 4, a: (code[at] ?? 0) >>> 0, b: 0, c: 0, d: 0 };
  return setUpFixedDnat(runtime, skb, address, code[at + 1] ?? -1);
}

/** `acpar.hotdrop` in ipt_do_table(), a verdict of the rule's own in nft_match_eval(): only nft traces and tells the rule. */
function dropCutShort(chain: BoundChain, index: number, skb: Skb, runtime: HostRuntime, hook: Hook): Verdict {
  const { observer } = runtime;
  if (observer !== null && chain.backend === "nft") tellRule(observer, skb, runtime, chain, hook, index, NF_DROP);
  skb.verdictChain = chain;
  skb.verdictRule = index;
  return NF_DROP;
}

function tellRule(
  observer: Observer,
  skb: Skb,
  runtime: HostRuntime,
  chain: BoundChain,
  hook: Hook,
  rule: number,
  verdict: TargetVerdict,
): void {
  observer.step({ kind: "rule", runtime, skb, chain, hook, rule, verdict });
}

/** Looks up what can match in a chain; LINEAR where it has no index, or the packet's values are not known. */
function enter(image: TableImage, place: number, count: number, skb: Skb, runtime: HostRuntime): number {
  if (isShort(count, runtime.indexing)) return LINEAR;
  const program = programAt(image, place);
  const index = program === undefined ? null : indexFor(program, runtime.indexing);
  // The index goes by the protocol that is carried (`nftProtocol`).
  if (index === null || skb.output?.name === UNKNOWN_INTERFACE || skb.packet.extensions !== null) return LINEAR;
  return openCandidates(index, skb);
}

function applyPolicy(start: BoundChain, skb: Skb, runtime: HostRuntime, hook: Hook): Verdict {
  const verdict = start.policy;
  skb.verdictChain = start;
  skb.verdictRule = -1;
  if (runtime.counters !== null) runtime.counters.countPolicy(start, skb);
  if (runtime.observer !== null) runtime.observer.step({ kind: "policy", runtime, skb, chain: start, hook, verdict });
  return verdict;
}

/** The next rule from `from` that does not fail for the address it begins with, or the number of rules. */
function nextByAddress(image: TableImage, place: number, from: number, count: number, skb: Skb): number {
  if (isSoonWalked(count - from)) return firstCandidate(image.code, place, from, count, skb);
  const program = programAt(image, place);
  const leading = program === undefined ? null : leadingAddressesOf(program);
  if (leading === null) return firstCandidate(image.code, place, from, count, skb);
  return nextByLeadingAddress(leading, from, count, skb.packet.src.a | 0, skb.packet.dst.a | 0);
}

/**
 * The next rule from `index` whose leading address test holds, or the number of rules: what most rules of long chains
 * fail at, tried in one loop without calls.
 */
function firstCandidate(code: Int32Array, place: number, index: number, count: number, skb: Skb): number {
  const src = skb.packet.src.a | 0;
  const dst = skb.packet.dst.a | 0;
  let head = ruleAt(place, index);
  for (let i = index; i < count; i++, head += RULE_WORDS) {
    const at = code[head] ?? 0;
    const op = code[at];
    if (op !== OP_SRC && op !== OP_DST) return i;
    const address = op === OP_SRC ? src : dst;
    if (((address & (code[at + 2] ?? 0)) === code[at + 1]) !== (code[at + 3] === 1)) return i;
  }
  return count;
}

/** Whether the rule matches that begins at `start`: its instructions one after the other until one fails. */
export function ruleMatches(program: Instructions, start: number, skb: Skb, runtime: HostRuntime, hook: Hook): boolean {
  const { code } = program;
  const { packet } = skb;
  let at = start;
  for (;;) {
    switch (code[at]) {
      case OP_END:
        return true;
      case OP_SRC: {
        const equal = (packet.src.a & (code[at + 2] ?? 0)) === code[at + 1];
        if (equal === (code[at + 3] === 1)) return false;
        at += 4;
        continue;
      }
      case OP_DST: {
        const equal = (packet.dst.a & (code[at + 2] ?? 0)) === code[at + 1];
        if (equal === (code[at + 3] === 1)) return false;
        at += 4;
        continue;
      }
      case OP_SRC6:
      case OP_DST6: {
        const words = program.selectors[code[at + 1] ?? 0];
        const address = code[at] === OP_SRC6 ? packet.src : packet.dst;
        const equal =
          words !== undefined &&
          (address.a & (words[4] ?? 0)) === words[0] &&
          (address.b & (words[5] ?? 0)) === words[1] &&
          (address.c & (words[6] ?? 0)) === words[2] &&
          (address.d & (words[7] ?? 0)) === words[3];
        if (equal === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      }
      case OP_IN: {
        const pattern = program.patterns[code[at + 1] ?? 0];
        if (pattern === undefined) return false;
        if (nameMatches(pattern, skb.input === null ? "" : skb.input.name) === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      }
      case OP_OUT: {
        const pattern = program.patterns[code[at + 1] ?? 0];
        if (pattern === undefined) return false;
        const name = skb.output === null ? "" : skb.output.name;
        const matches = name === UNKNOWN_INTERFACE ? leavesBy(runtime, skb, pattern) : nameMatches(pattern, name);
        if (matches === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      }
      case OP_PROTOCOL:
        if ((packet.protocol === code[at + 1]) === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      case OP_NFT_PROTOCOL:
        if ((nftProtocol(packet) === code[at + 1]) === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      case OP_FRAGMENT:
        if (packet.fragmentOffset > 0 === (code[at + 1] === 1)) return false;
        at += 2;
        continue;
      case OP_SPORT:
      case OP_DPORT: {
        // Further fragments have no ports: tcp_mt() and udp_mt() return false for them (net/netfilter/xt_tcpudp.c).
        if (packet.fragmentOffset > 0 || !hasPorts(packet.protocol)) return false;
        const port = code[at] === OP_SPORT ? packet.sport : packet.dport;
        const first = code[at + 1] ?? 0;
        const last = code[at + 2] ?? 0;
        const inside = isFree(port)
          ? valueIn(runtime.services.freeValues, runtime.services.choose, port, [{ first, last }])
          : port >= first && port <= last;
        if (inside === (code[at + 3] === 1)) return false;
        at += 4;
        continue;
      }
      case OP_MARK: {
        const equal = (skb.mark & (code[at + 2] ?? 0)) === code[at + 1];
        if (equal === (code[at + 3] === 1)) return false;
        at += 4;
        continue;
      }
      case OP_CTSTATE: {
        // A packet without an entry counts as INVALID (net/netfilter/xt_conntrack.c), also where conntrack is off.
        const state = skb.ctState === 0 ? 1 : skb.ctState;
        if (((state & (code[at + 1] ?? 0)) !== 0) === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      }
      case OP_RANDOM: {
        const drawn = isDrawn(code[at + 1] ?? 0, runtime.host.name, runtime.services.choose);
        if (drawn === (code[at + 2] === 1)) return false;
        at += 3;
        continue;
      }
      case OP_CALL: {
        const test = program.tests[code[at + 1] ?? 0];
        if (test !== undefined && recording.current !== null) noteCall(test);
        if (test === undefined || !test(skb, runtime, hook)) return false;
        at += 2;
        continue;
      }
      default:
        return false;
    }
  }
}
