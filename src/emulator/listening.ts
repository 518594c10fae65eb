import { listenerFor } from "../linux/heard-by.ts";
import type { Ending, HostRuntime } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import { formatProtocol, SCTP, TCP, UDPLITE } from "../net/protocol.ts";
import { portName } from "./tcp/stack.ts";
import type { World } from "./world.ts";

export type SocketState = NonNullable<Ending["socket"]>;

/** Whether somebody listens, as far as the dumps tell. */
export function listening(world: World, runtime: HostRuntime, skb: Skb): SocketState {
  const { packet: received } = skb;
  // the daemon that had the port has ended, or takes no such segment
  const { dst, dport, protocol } = received;
  if (protocol === TCP && world.tcp.ported.has(portName(runtime.host.name, dst.family, dport))) return "closed";
  const found = listenerFor(runtime.host.sockets, skb);
  const name = `${formatProtocol(received.protocol)}/${received.dport}`;
  if (found !== null) {
    if (found.certainty !== "declared") return "open";
    const detail = `${runtime.host.name} listens on ${name}, as declared`;
    return runtime.services.assume(runtime, "assumed-open-port", detail, 1) === 0 ? "assumed-open" : "closed";
  }
  const knowledge = runtime.host.knowledge.get("sockets") ?? "known";
  if (knowledge === "known" || knowledge === "derived") {
    // Measured: ss never lists them, and netstat only with -U.
    if (protocol === UDPLITE)
      runtime.services.assume(runtime, "no-udp-lite-socket", `${runtime.host.name} has no socket for ${name}`);
    if (protocol === SCTP) {
      const detail = `${runtime.host.name} has no socket for ${name}`;
      if (runtime.services.assume(runtime, "no-sctp-socket", detail, 1) === 1) return "open";
    }
    return "closed";
  }
  if (!world.answers) return "unknown";
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "listening-socket",
    variable: `${runtime.host.name} listens on ${name}`,
    question: `does anybody listen on ${name} of ${runtime.host.name}? no dump tells`,
    alternatives: [
      { label: "somebody listens", probability: 0 },
      { label: "nobody listens", probability: 0 },
    ],
    command: "ss -H -lntup",
  });
  return taken === 0 ? "open" : "closed";
}
