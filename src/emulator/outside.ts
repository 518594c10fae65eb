import type { HostRuntime } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import * as icmp from "../net/icmp.ts";
import { type Packet, packet } from "../net/packet.ts";
import { prefixContains } from "../net/prefix.ts";
import { formatProtocol, hasPorts, ICMP, ICMPV6, SCTP, TCP } from "../net/protocol.ts";
import { SCTP_INIT, sctpAnswer } from "../net/sctp.ts";
import { ACK, FIN, PSH, RST, SYN } from "../net/tcp-flags.ts";
import { peerTag, sctpReply } from "./sctp.ts";
import type { World } from "./world.ts";

/** Below this TTL a packet may not get to its destination: who beyond the dumps would answer is not known. */
const FAR = 33;

/**
 * What comes back from a machine that nobody dumped, for a packet that left over `device`: nothing when it has no way
 * back to a pod's address (assumed, unless snapshot.yaml names routes), else a question that nobody can answer here.
 */
export function answerFromOutside(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  skb: Skb,
  nextHop: Address | null,
): Packet | null {
  const sent = skb.pieceOf ?? skb.packet;
  const answer = answerTo(sent, peerTag(world, skb));
  if (answer === null) return null;
  const beyond = nextHop === null ? device.name : formatAddress(nextHop);
  if (isPodAddress(world, sent.dst) && !hasFabricRoute(world, sent.dst)) {
    const detail = `${beyond} has no route to the pod address ${formatAddress(sent.dst)}`;
    return runtime.services.assume(runtime, "outside-has-no-pod-routes", detail, 1) === 0 ? null : answer;
  }
  if (isPodAddress(world, sent.src) && !hasFabricRoute(world, sent.src)) {
    const detail = `${beyond} has no route back to the pod address ${formatAddress(sent.src)}`;
    return runtime.services.assume(runtime, "outside-has-no-pod-routes", detail, 1) === 0 ? null : answer;
  }
  if (sent.ttl < FAR) {
    runtime.services.assume(runtime, "silent-routers-outside", `no router beyond ${beyond} answers when a TTL ends`);
    return null;
  }
  const target = `${formatAddress(sent.dst)}${hasPorts(sent.protocol) ? ` ${formatProtocol(sent.protocol)}/${sent.dport}` : ""}`;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "outside-answers",
    variable: `${runtime.host.name} ${device.name} outside answers ${target}`,
    question: `does ${target}${nextHop !== null && sameAddress(nextHop, sent.dst) ? "" : `, beyond ${beyond},`} answer ${runtime.host.name}? it was not dumped`,
    alternatives: [
      { label: "no answer comes", probability: 0 },
      { label: "it answers", probability: 0 },
    ],
  });
  return taken === 1 ? answer : null;
}

function isPodAddress(world: World, address: Address): boolean {
  if (world.network.pools.some((pool) => prefixContains(pool, address))) return true;
  for (const [name, endpoint] of world.network.endpoints) {
    if (
      name.startsWith("pod/") &&
      endpoint.host === name &&
      endpoint.addresses.some((own) => sameAddress(own, address))
    ) {
      return true;
    }
  }
  return false;
}

function hasFabricRoute(world: World, address: Address): boolean {
  return world.network.fabricRoutes.some((route) => prefixContains(route.destination, address));
}

/** What an ordinary receiver sends back; null for what calls for no answer. */
function answerTo(sent: Packet, peer: number | null): Packet | null {
  const back = { src: sent.dst, dst: sent.src, protocol: sent.protocol };
  if (sent.protocol === ICMP || sent.protocol === ICMPV6) {
    const six = sent.protocol === ICMPV6;
    if (sent.icmpType !== (six ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST)) return null;
    return packet({
      ...back,
      icmpType: six ? icmp.V6_ECHO_REPLY : icmp.ECHO_REPLY,
      icmpCode: sent.icmpCode,
      icmpId: sent.icmpId,
      icmpSeq: sent.icmpSeq,
      payloadLength: sent.payloadLength,
    });
  }
  if (!hasPorts(sent.protocol)) return null;
  if (sent.protocol === SCTP) {
    const answer = sctpAnswer(sent.sctp ?? SCTP_INIT, peer);
    return answer === null ? null : sctpReply(sent, answer);
  }
  const ports = { sport: sent.dport, dport: sent.sport };
  if (sent.protocol !== TCP) return packet({ ...back, ...ports, payloadLength: sent.payloadLength });
  const { flags } = sent;
  const next = (sent.seq + sent.payloadLength + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
  if (flags & RST || (flags & SYN && flags & ACK)) return null;
  if (flags & SYN) return packet({ ...back, ...ports, flags: SYN | ACK, seq: SERVER_ISN, ack: next });
  if (sent.payloadLength > 0) {
    return packet({ ...back, ...ports, flags: PSH | ACK, seq: sent.ack, ack: next, payloadLength: ANSWER_SIZE });
  }
  return flags & FIN ? packet({ ...back, ...ports, flags: FIN | ACK, seq: sent.ack, ack: next }) : null;
}

/** Initial sequence number and size of an answer: their values matter to nobody. */
const SERVER_ISN = 5000;
const ANSWER_SIZE = 100;
