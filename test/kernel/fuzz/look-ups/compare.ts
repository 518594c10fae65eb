import { createWorld, runtimeOf } from "../../../../src/emulator/world.ts";
import type { Host } from "../../../../src/model/host.ts";
import { network } from "../../../../src/model/network.ts";
import { originTable } from "../../../../src/model/origin.ts";
import { TABLE_LOCAL, TABLE_MAIN } from "../../../../src/model/route.ts";
import { explore } from "../../../../src/trace/explorer.ts";
import type { KernelRoute, Oracle } from "../../harness/oracle-client.ts";
import { podpathAnswer } from "./answer.ts";
import { buildRoutingWorld, dumpRoutingWorld } from "./lab.ts";
import type { LookUpKey, RoutingWorld } from "./world.ts";

/** A question the two answer differently. */
export interface LookUpDifference {
  readonly key: LookUpKey;
  readonly kernel: KernelRoute;
  readonly podpath: readonly KernelRoute[];
}

export interface LookUpRound {
  readonly differences: readonly LookUpDifference[];
  /** Questions with more than one possible answer. */
  readonly branching: number;
  /** By errno, or type of the route. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Builds the world and asks both sides every question. */
export async function compareLookUps(
  oracle: Oracle,
  world: RoutingWorld,
  given: readonly LookUpKey[],
  derived: boolean,
): Promise<LookUpRound> {
  await buildRoutingWorld(oracle, world);
  const host = await dumpRoutingWorld(oracle, world, derived);
  // Nothing arrives on a device that is down.
  const keys = given.filter(({ iif }) => iif === undefined || !world.down.includes(iif));
  const kernel = await oracle.routes("R", keys);
  const differences: LookUpDifference[] = [];
  const answers = new Map<string, number>();
  let branching = 0;
  for (const [index, key] of keys.entries()) {
    const said = kernel[index];
    if (said === undefined) throw new Error("an answer is missing");
    const podpath = podpathAnswers(host, key);
    if (podpath.length > 1) branching++;
    if (!podpath.some((answer) => same(answer, said))) differences.push({ key, kernel: said, podpath });
    const kind = said.errno ?? said.type ?? "";
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
  }
  return { differences, branching, answers };
}

/** Every answer that podpath thinks possible. */
function podpathAnswers(host: Host, key: LookUpKey): readonly KernelRoute[] {
  const { leaves } = explore((choose) => {
    const world = createWorld(network({ hosts: new Map([[host.name, host]]), origins: originTable() }), { choose });
    const runtime = runtimeOf(world, host.name);
    if (runtime === null) throw new Error("no such host");
    return podpathAnswer(runtime, key);
  });
  const distinct = new Map(leaves.map(({ value }) => [JSON.stringify(value), value]));
  return [...distinct.values()];
}

function same(podpath: KernelRoute, kernel: KernelRoute): boolean {
  if (podpath.errno !== null || kernel.errno !== null) return podpath.errno === kernel.errno;
  return (
    podpath.type === kernel.type &&
    (podpath.table === kernel.table || isMerged(podpath.table, kernel.table) || hasNoRoute(podpath)) &&
    podpath.oif === kernel.oif &&
    podpath.gateway === kernel.gateway &&
    podpath.prefsrc === kernel.prefsrc
  );
}

/** While `local` and `main` are one trie, the kernel calls both `main`. */
function isMerged(podpath: number | undefined, kernel: number | undefined): boolean {
  return podpath === TABLE_LOCAL && kernel === TABLE_MAIN;
}

/** Of a way to many, podpath keeps no route that was only good for its device. */
function hasNoRoute({ type, table }: KernelRoute): boolean {
  return table === 0 && (type === "multicast" || type === "broadcast");
}
