import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import { describePacket } from "../../net/packet.ts";
import { type Prefix, prefixContains } from "../../net/prefix.ts";
import { ICMP, ICMPV6 } from "../../net/protocol.ts";
import { hooksOf } from "../compiled-host.ts";
import {
  type Connection,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
} from "../conntrack/connection.ts";
import { natInitialized, setUpNullBinding } from "../conntrack/nat.ts";
import { manipOf, natError, natPacket } from "../conntrack/nat-packet.ts";
import { removeConnection } from "../conntrack/table.ts";
import { confirm, track } from "../conntrack/track.ts";
import { reroute } from "../routing/reroute.ts";
import type { HostRuntime } from "../runtime.ts";
import { CT_NEW, CT_RELATED, type Skb } from "../skb.ts";
import { askChain } from "./ask-chain.ts";
import type { FamilyHooks } from "./hook-order.ts";
import type { BoundChain } from "./table-image.ts";
import { tracksConnections } from "./tracks-connections.ts";
import { traverse } from "./traverse.ts";
import {
  type Hook,
  hookName,
  INPUT,
  NF_ACCEPT,
  NF_DROP,
  NF_QUEUE,
  OUTPUT,
  POSTROUTING,
  PREROUTING,
  type Verdict,
} from "./verdict.ts";

/**
 * NF_HOOK: everything registered at a hook, in the order of priorities; the first verdict other than ACCEPT ends it.
 * At the end of INPUT and POSTROUTING a new connection is confirmed.
 */
export function runHook(runtime: HostRuntime, skb: Skb, hook: Hook): Verdict {
  const { family } = skb.packet.src;
  const hooks = hooksOf(runtime.compiled, family);
  const { current } = runtime.services;
  current.runtime = runtime;
  current.skb = skb;
  if (hooks.assumed.length > 0 && rulesElsewhere(runtime, hooks))
    return dropWithoutRule(skb, "dropped by a rule that no dump shows");
  const stages = (runtime.counters === null && runtime.observer === null ? hooks.busy : hooks.stages)[hook];
  const count = stages === undefined ? 0 : stages.length;
  for (let index = 0; index < count; index++) {
    const stage = stages?.[index];
    if (stage === undefined) continue;
    switch (stage.kind) {
      case "table": {
        const verdict =
          stage.table === "mangle" && hook === OUTPUT
            ? mangleOutput(runtime, skb, stage.chain)
            : traverse(stage.chain, skb, runtime, hook);
        if (verdict !== NF_ACCEPT && verdict !== NF_QUEUE) return verdict;
        continue;
      }
      case "chain": {
        const verdict = stage.reroutes
          ? mangleOutput(runtime, skb, stage.chain)
          : traverse(stage.chain, skb, runtime, hook);
        if (verdict !== NF_ACCEPT && verdict !== NF_QUEUE) return verdict;
        continue;
      }
      case "conntrack":
        if (hooks.conntrack === "perhaps" && !tracksConnections(runtime, family)) continue;
        if (!trackAndTell(runtime, skb)) return dropWithoutRule(skb, "the table of connections is full");
        continue;
      case "nat": {
        const verdict = nat(runtime, skb, hook, stage.chains);
        if (verdict !== NF_ACCEPT && verdict !== NF_QUEUE) return verdict;
        continue;
      }
      case "nft": {
        const { chain } = stage;
        if (chain.destinations !== undefined) {
          if (!toDestinations(runtime, skb, chain, chain.destinations)) {
            return dropWithoutRule(skb, `dropped by ${chain.table}, which is not modelled`);
          }
          continue;
        }
        if (!askChain(runtime, skb, chain)) {
          return dropWithoutRule(skb, `dropped by nft chain ${chain.family} ${chain.table} ${chain.chain}`);
        }
        continue;
      }
      case "unknown": {
        const verdict = runtime.services.choose({
          kind: "unknown",
          code: "rules-not-dumped",
          variable: `${stage.doubt.what} ${hookName(hook)} ${describePacket(skb.packet)}`,
          question: `do ${stage.doubt.what} let the packet pass ${hookName(hook)}? no dump tells them`,
          alternatives: [
            { label: "they accept it", probability: 0 },
            { label: "they drop it", probability: 0 },
          ],
          command: stage.doubt.command,
        });
        if (verdict === 1) return dropWithoutRule(skb, `dropped by ${stage.doubt.what}, which no dump tells`);
        continue;
      }
    }
  }
  if ((hook === INPUT || hook === POSTROUTING) && !confirm(runtime, skb))
    return dropWithoutRule(skb, "another connection has taken its addresses and ports");
  return NF_ACCEPT;
}

/** False where a packet is taken as dropped whose destination somebody serves in a way that is not modelled, as kube-proxy in another mode does. */
function toDestinations(
  runtime: HostRuntime,
  skb: Skb,
  { table, unknown = "service-proxy-mode" }: NftBaseChain,
  destinations: readonly Prefix[],
): boolean {
  const { dst } = skb.packet;
  if (skb.ctReply || !destinations.some((prefix) => prefixContains(prefix, dst))) return true;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: unknown,
    variable: `${runtime.host.name} ${table} ${describePacket(skb.packet)}`,
    question: `what does ${table} on ${runtime.host.name} do with packets to ${formatAddress(dst)}? podpath does not model it`,
    alternatives: [
      { label: "they go on as they are", probability: 0 },
      { label: "they go to an endpoint, or nowhere", probability: 0 },
    ],
  });
  return taken === 0;
}

/** Whether rules that are assumed not to be there are to be taken as dropping everything (`Services.assume`). */
function rulesElsewhere(runtime: HostRuntime, hooks: FamilyHooks): boolean {
  const known = runtime.noted.get(hooks);
  if (known !== undefined) return known !== 0;
  let answer = 0;
  for (const { code, detail } of hooks.assumed) answer |= runtime.services.assume(runtime, code, detail, 1);
  runtime.noted.set(hooks, answer);
  return answer !== 0;
}

const NO_NEW_ROUTE = "no route once it was changed";

/** No rule decided: conntrack, NAT or the routing after a change did. */
function dropWithoutRule(skb: Skb, text: string): Verdict {
  skb.verdictChain = null;
  skb.withoutRule = text;
  return NF_DROP;
}

function trackAndTell(runtime: HostRuntime, skb: Skb): boolean {
  const known = skb.connection !== null;
  if (!track(runtime, skb)) return false;
  if (runtime.observer !== null && !known) {
    runtime.observer.step({ kind: "conntrack", runtime, skb, text: "" });
  }
  return true;
}

/**
 * ipt_mangle_out(), ip6t_mangle_out(): a packet whose mark, addresses or TOS changed (IPv6: or hop limit) is routed again
 * (net/ipv4/netfilter/iptable_mangle.c).
 */
function mangleOutput(runtime: HostRuntime, skb: Skb, chain: BoundChain): Verdict {
  const { mark, packet } = skb;
  const { src, dst, tos, ttl } = packet;
  const verdict = traverse(chain, skb, runtime, OUTPUT);
  if (verdict !== NF_ACCEPT && verdict !== NF_QUEUE) return verdict;
  if (skb.mark === mark && packet.src === src && packet.dst === dst && packet.tos === tos) {
    if (packet.ttl === ttl || dst.family === 4) return verdict;
  }
  return reroute(runtime, skb) ? verdict : dropWithoutRule(skb, NO_NEW_ROUTE);
}

/** nf_nat_inet_fn() and its IPv4 and IPv6 wrappers (net/netfilter/nf_nat_core.c, nf_nat_proto.c). */
function nat(runtime: HostRuntime, skb: Skb, hook: Hook, chains: readonly BoundChain[]): Verdict {
  const { connection, packet } = skb;
  if (connection === null || (hook !== OUTPUT && isLeftAlone(connection))) return NF_ACCEPT;
  if (skb.ctState === CT_RELATED && (packet.protocol === ICMP || packet.protocol === ICMPV6)) {
    const { dst } = packet;
    if (!natError(runtime, skb, connection, hook))
      return dropWithoutRule(skb, "NAT drops a redirect about a translated connection");
    return routedAnew(runtime, skb, connection, hook, dst);
  }
  const manip = manipOf(hook);
  if ((skb.ctState === CT_NEW || skb.ctState === CT_RELATED) && !natInitialized(connection, manip)) {
    for (let index = 0; index < chains.length; index++) {
      const chain = chains[index];
      if (chain === undefined) continue;
      const verdict = traverse(chain, skb, runtime, hook);
      // A queue ends this callback too: nothing is bound, and the chains run again when the packet, or the next, comes by.
      if (verdict !== NF_ACCEPT) return verdict;
      if (natInitialized(connection, manip)) break;
    }
    if (!natInitialized(connection, manip)) setUpNullBinding(runtime, skb, manip);
  } else if (leavesElsewhere(skb, connection, hook)) {
    removeConnection(runtime.conntrack, connection);
    return dropWithoutRule(skb, "its masqueraded connection leaves by another device now, and ends");
  }
  const { dst } = packet;
  natPacket(runtime, skb, connection, hook);
  return routedAnew(runtime, skb, connection, hook, dst);
}

/** Both sides of it are settled, and neither is translated: there is nothing to do, whichever packet it is. */
function isLeftAlone({ status, masqueradeIndex }: Connection): boolean {
  const settled = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
  return (status & (settled | IPS_SRC_NAT | IPS_DST_NAT)) === settled && masqueradeIndex === 0;
}

/** nf_nat_oif_changed(): a masqueraded connection that is routed over another device now has the wrong address: it dies. */
function leavesElsewhere({ ctReply, output }: Skb, { masqueradeIndex }: Connection, hook: Hook): boolean {
  return masqueradeIndex !== 0 && hook === POSTROUTING && !ctReply && output?.index !== masqueradeIndex;
}

/**
 * nf_nat_ipv4_pre_routing(): where the destination changed, the route found before is void. nf_nat_ipv4_local_fn() asks the connection
 * instead, whether it leads elsewhere: an error about it is routed again though it went to this host from the start.
 */
function routedAnew(runtime: HostRuntime, skb: Skb, connection: Connection, hook: Hook, before: Address): Verdict {
  if (hook === OUTPUT && leadsElsewhere(skb, connection))
    return reroute(runtime, skb) ? NF_ACCEPT : dropWithoutRule(skb, NO_NEW_ROUTE);
  if (hook === PREROUTING && !sameAddress(skb.packet.dst, before)) skb.route = null;
  return NF_ACCEPT;
}

function leadsElsewhere({ ctReply }: Skb, { original, reply }: Connection): boolean {
  return ctReply ? !sameAddress(reply.dst, original.src) : !sameAddress(original.dst, reply.src);
}
