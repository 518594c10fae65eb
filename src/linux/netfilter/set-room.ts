import { formatPrefix } from "../../net/prefix.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Entry, SetIndex } from "./set-index.ts";
import { unknownOutcome } from "./unknown-outcome.ts";

/** Buckets that the kernel counts as one part of a table (HTABLE_REGION_BITS). */
const REGION = 1024;

/** Of more living members than this, which one makes way is not asked: it is taken to be none that matters. */
const FEW_MEMBERS = 16;

/**
 * Whether a new member may come, as mtype_add() decides it (net/netfilter/ipset/ip_set_hash_gen.h). A full hash refuses it; one
 * with `forceadd` does so where the bucket of the new member is empty, and takes out the first of that bucket else: what
 * stands in which bucket is drawn with the set. A table of more than 1,024 buckets counts its members part by part, so that
 * it may take some above `maxelem`.
 */
export function makeRoom(runtime: HostRuntime, index: SetIndex, entry: Entry): boolean {
  const { set, drawn, entries, expiries, options } = index;
  if (!set.type.startsWith("hash:") || entries.length + drawn.length < options.maxElements) return true;
  const now = runtime.services.now();
  const alive: number[] = [];
  expiries.forEach((expiry, at) => {
    if (expiry >= now) alive.push(at);
  });
  const drawnAlive = drawn.filter(({ expiry }) => expiry >= now);
  const count = alive.length + drawnAlive.length;
  if (count < options.maxElements) return true;
  if (options.buckets > REGION && !takesMore(runtime, index, entry)) return false;
  if (options.buckets > REGION) return true;
  if (!options.forceAdd) return false;
  const refused = (1 - 1 / options.buckets) ** count;
  const each = count <= FEW_MEMBERS;
  const victims = each ? count : 1;
  const taken = runtime.services.choose({
    kind: "random",
    variable: `${runtime.host.name} place in the full set ${set.name}`,
    question: `does set ${set.name}, which is full, take a new member in place of another (forceadd)?`,
    alternatives: [
      { label: "its bucket is empty: it does not", probability: refused },
      ...Array.from({ length: victims }, (_, at) => ({
        label: each ? `in place of member ${at + 1}` : "in place of another",
        probability: (1 - refused) / victims,
      })),
    ],
  });
  if (taken === 0) return false;
  if (!each) {
    runtime.services.assume(
      runtime,
      "set-eviction",
      `set ${set.name} is full, and forceadd took no member that matters`,
    );
    return true;
  }
  const victim = alive[taken - 1];
  if (victim !== undefined) expiries[victim] = Number.NEGATIVE_INFINITY;
  else drawn.splice(drawn.indexOf(drawnAlive[taken - 1 - alive.length] ?? { entry, expiry: 0, number: 0 }), 1);
  return true;
}

function takesMore(runtime: HostRuntime, { set }: SetIndex, { prefixes, protocol, ports, name, mark }: Entry): boolean {
  return unknownOutcome(runtime, {
    code: "set-membership",
    item: `room in set ${set.name}`,
    fields: [...prefixes.map(formatPrefix), protocol, ports?.first ?? 0, name, mark].join(","),
    question: `does set ${set.name}, which is full, take a member more? It counts them part by part.`,
    no: "it does not",
    yes: "it does",
  });
}
