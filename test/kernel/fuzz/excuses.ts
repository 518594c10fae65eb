import type { Excuses } from "../harness/compare.ts";
import type { Round } from "../harness/duel.ts";
import type { SeenResponse } from "../harness/observation.ts";
import type { World } from "./world-kind.ts";

/** Errors of routes that the kernel sends to one source before it counts seconds (net.ipv4.route.error_burst). */
const ROUTE_ERROR_BURST = 5;

/** Excuses of one world since it was built, and how often they were used for the last packet. */
export interface RunExcuses extends Excuses {
  used: number;
  note(round: Round): void;
}

/** Excuses the silence that follows a burst of errors to one address (kernel.md R2), and what the world's kind says. */
export function excusesOf(world: World): RunExcuses {
  const sent = new Map<string, number>();
  const overBurst = ({ kind, packet }: SeenResponse): boolean =>
    kind === "icmp" &&
    packet.icmpType === 3 &&
    [0, 1, 13].includes(packet.icmpCode) &&
    (sent.get(packet.dst) ?? 0) >= ROUTE_ERROR_BURST;
  return {
    used: 0,
    mayWithhold(response) {
      const may = overBurst(response) || world.mayWithhold(response);
      if (may) this.used++;
      return may;
    },
    /** The kernel counts by the source of the packet, before any NAT, and also errors that a rule then stopped. */
    note({ kernel, result }) {
      const source = kernel.hops[0]?.packet.src ?? "";
      const refused = result.drops.some(
        ({ reason, location }) => reason === "IP_INNOROUTES" || location === "ip_error",
      );
      if (refused) sent.set(source, (sent.get(source) ?? 0) + 1);
    },
  };
}
