import { formatAddress } from "../net/address.ts";
import type { DropReason } from "./drop-reason.ts";
import { type Hook, type HookName, hookName } from "./netfilter/verdict.ts";
import type { RoutingResult } from "./routing/result.ts";
import { type HostRuntime, PLAIN_ENDING } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** The ways in which a packet ends on a host, other than being delivered or sent on. */

/** The packet dies without an answer. */
export function drop(
  runtime: HostRuntime,
  skb: Skb,
  reason: DropReason | null,
  hook: HookName | null,
  text: string,
): void {
  if (runtime.observer !== null) runtime.observer.step({ kind: "drop", runtime, skb, reason, text });
  runtime.services.end(runtime, skb, { ...PLAIN_ENDING, outcome: "dropped", reason, hook, text });
}

/** The packet dies, and the sender is told (or would be, were the error not suppressed). */
export function reject(runtime: HostRuntime, skb: Skb, reason: DropReason | null, hook: HookName, text: string): void {
  if (runtime.observer !== null) runtime.observer.step({ kind: "reject", runtime, skb, text });
  runtime.services.end(runtime, skb, { ...PLAIN_ENDING, outcome: "rejected", reason, hook, text });
}

/** Netfilter did not accept: the deciding rule stands in the skb. */
export function hookDrop(runtime: HostRuntime, skb: Skb, hook: Hook): void {
  const name = hookName(hook);
  const outcome = skb.rejected ? "rejected" : "dropped";
  const text = dropText(skb);
  // A queue frees the packet by itself, and tells nobody.
  const reason = skb.stolen ? null : "NETFILTER_DROP";
  if (runtime.observer !== null) {
    if (skb.rejected) runtime.observer.step({ kind: "reject", runtime, skb, text });
    else runtime.observer.step({ kind: "drop", runtime, skb, reason, text });
  }
  runtime.services.end(runtime, skb, {
    ...PLAIN_ENDING,
    outcome,
    reason,
    hook: name,
    error: skb.input === null ? senderHears(skb) : null,
    byRule: skb.verdictChain !== null,
    text,
  });
}

function dropText({ rejected, stolen, cutShort, verdictChain, withoutRule }: Skb): string {
  if (rejected) return "rejected by a rule";
  if (stolen) return "dropped in a queue";
  if (verdictChain === null && withoutRule !== null) return withoutRule;
  return cutShort ? "dropped by a match of a rule: it ends within the header that is read" : "dropped by a rule";
}

/** What the sender of a packet hears that netfilter did not let out. */
export function senderHears(skb: Skb): string | null {
  return skb.stolen ? null : (skb.errno ?? "EPERM");
}

/** No route, or one that refuses. */
export function failedSend(runtime: HostRuntime, skb: Skb, result: RoutingResult & { kind: "error" }): string {
  return sendError(runtime, skb, result.errno, result.route === null ? "no route" : `${result.route.type} route`);
}

/** The same where the source is that of others, which only a transparent socket may send from. */
export function failedSendAs(runtime: HostRuntime, skb: Skb, { errno }: RoutingResult & { kind: "error" }): string {
  const source = formatAddress(skb.packet.src);
  return sendError(
    runtime,
    skb,
    errno,
    `${source} is no address of ${runtime.host.name}, and the socket is not transparent`,
  );
}

/** A local send fails before any rule: the sender sees an errno. */
export function sendError(runtime: HostRuntime, skb: Skb, error: string, text: string): string {
  // The look-up fails before there is a packet that could be freed for a reason.
  if (runtime.observer !== null) runtime.observer.step({ kind: "drop", runtime, skb, reason: null, text });
  runtime.services.end(runtime, skb, {
    ...PLAIN_ENDING,
    outcome: "dropped",
    reason: null,
    error,
    text,
    hook: "OUTPUT",
  });
  return error;
}
