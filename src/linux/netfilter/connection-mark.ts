import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { matchState } from "./match-state.ts";

declare module "./match-state.ts" {
  interface MatchStates {
    /** The mark of a rule's template, uint32. */
    CT: { mark: number };
  }
}

/**
 * The mark of the packet's connection as CONNMARK and `-m connmark` see it, uint32; null where there is no connection. Between
 * `-j CT` and the look-up it is that of the template, one for all packets of that CT rule (measured: docs/lab-notes/kernel-fuzz.md).
 */
export function connectionMark(runtime: HostRuntime, { connection, template }: Skb): number | null {
  if (connection !== null) return connection.mark;
  return template === null ? null : templateMark(runtime, template).mark;
}

/** What CONNMARK writes: into a template it stays for the packets that come later, and no connection gets it. */
export function setConnectionMark(runtime: HostRuntime, { connection, template }: Skb, mark: number): void {
  if (connection !== null) connection.mark = mark;
  else if (template !== null) templateMark(runtime, template).mark = mark;
}

function templateMark(runtime: HostRuntime, template: NonNullable<Skb["template"]>): { mark: number } {
  return matchState(runtime, "CT", template.rule, () => {
    if (runtime.host.knowledge.get("matchStates") === "assumed") {
      const detail = `no earlier packet has left a mark in the template of -j CT on ${runtime.host.name}`;
      runtime.services.assume(runtime, "template-without-mark", detail);
    }
    return { mark: 0 };
  });
}
