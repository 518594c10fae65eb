import type { Round } from "../harness/duel.ts";

/**
 * Whether SYNPROXY took the packet: podpath does not model the proxy, and asks what becomes of it. The kernel answers in the
 * server's name, so that only the outcome is compared, which must be one of those that podpath names.
 */
export function isProxied({ answer, branches }: Round): boolean {
  return (
    branches.length > 1 &&
    answer.branches.some(({ run }) =>
      [...run.steps.values()].some((steps) =>
        steps.some((step) => {
          if (step.kind !== "rule" || !step.matched) return false;
          const target = step.place.rule?.target;
          return target?.kind === "extension" && target.call.name === "SYNPROXY";
        }),
      ),
    )
  );
}

/**
 * Whether the kernel's SYNPROXY answered in the server's name, or would have if no rule had rejected that answer and somebody below IP
 * had told where to send it.
 */
export function isAnsweredForServer({ kernel }: Round): boolean {
  if (kernel.outcome === "unresolved") return true;
  const asked = kernel.hops[0]?.packet;
  return kernel.responses.some(
    ({ kind, packet }) =>
      kind === "syn-ack" ||
      packet.inner?.flags === "SA" ||
      // A reset that goes the way of the packet itself refuses what came the other way.
      (kind === "tcp-reset" && packet.src === asked?.src && packet.dst === asked.dst),
  );
}
