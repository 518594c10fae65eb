import { z } from "zod";
import type { Round } from "../harness/duel.ts";

/**
 * The source port of a VXLAN packet is a hash of the flow inside, as the packet is when something first asks for the hash.
 * By itself that is vxlan_xmit(), after NAT (measured without any trace, and with the legacy one); under an nft trace, which
 * the oracle's is, it is the trace (nf_trace_fill_id), before NAT. Where a flow was translated before it went into a tunnel,
 * two packets can hence be one outer connection on one side and two on the other, and nat rules run for one or both.
 */
export function isTranslatedInTunnel({ answer }: Round): boolean {
  return answer.branches.some(({ run }) =>
    [...run.steps.values()].some((steps) => {
      const nat = steps.findIndex(({ kind }) => kind === "nat");
      return nat >= 0 && steps.slice(nat).some(({ kind }) => kind === "encapsulate");
    }),
  );
}

const rules = z.array(z.string());

/** A connection of a tunnel's outer packets that only one side has. */
const OUTER = /^connection of \S+: only \S+(?: \S+)? has \[17 [^>]*>\S+:4789 /;

/** Whether only rules in nat tables differ, of the packet or of what answers it, and connections of outer packets. */
export function areAboutNatRules(differences: readonly string[]): boolean {
  return differences.every((difference) => {
    if (OUTER.test(difference)) return true;
    const found = /^(?:response .* )?rules from \d+: kernel (\[.*\]), podpath (\[.*\])$/.exec(difference);
    if (found === null) return false;
    const [real, ours] = [found[1], found[2]].map((json) =>
      rules.parse(JSON.parse(json ?? "")).filter((rule) => !/^\S+ \S+ nat /.test(rule)),
    );
    const common = Math.min(real?.length ?? 0, ours?.length ?? 0);
    return JSON.stringify(real?.slice(0, common)) === JSON.stringify(ours?.slice(0, common));
  });
}
