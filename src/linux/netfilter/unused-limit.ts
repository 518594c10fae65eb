import type { Rule } from "../../model/ruleset.ts";
import type { HostRuntime } from "../runtime.ts";

/** Targets after which a packet goes on as it was: whether their rules hold decides about nothing. */
const IDLE: ReadonlySet<string> = new Set(["LOG", "NFLOG", "ULOG", "AUDIT", "TRACE"]);

/** Whether somebody would notice that a limit in this rule is used up. */
export function limitDecides({ target }: Rule): boolean {
  return target !== null && !(target.kind === "extension" && IDLE.has(target.call.name));
}

/** Whether a limit that no dump tells the state of is used up: it is not, by assumption. */
export function isUsedUp(runtime: HostRuntime, what: string): boolean {
  const { host, services } = runtime;
  if (host.knowledge.get("matchStates") !== "assumed") return false;
  return services.assume(runtime, "rate-limit-unused", `${what} on ${host.name} is not used up`, 1) !== 0;
}
