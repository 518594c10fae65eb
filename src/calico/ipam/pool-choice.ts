import type { Address, Family } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixContains, samePrefix } from "../../net/prefix.ts";
import { isCalicoSince } from "../calico-version.ts";
import type { IPPool, PoolUse } from "../ip-pool.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import { type PoolWalk, poolWalk } from "./pool-walk.ts";

/** Who asks for an address. */
export interface Applicant {
  readonly node: string;
  readonly nodeLabels: ReadonlyMap<string, string>;
  /** Null: not for a pod. */
  readonly namespaceLabels: ReadonlyMap<string, string> | null;
  readonly family: Family;
  readonly use: PoolUse;
  /** The only pools it may be from; null: whichever are meant for it. */
  readonly requested: readonly Prefix[] | null;
}

/** A pool that is in use, with its selectors parsed once. */
export interface EnabledPool {
  readonly pool: IPPool;
  readonly walk: PoolWalk;
  selectsNode(labels: ReadonlyMap<string, string>): boolean;
  selectsNamespace(labels: ReadonlyMap<string, string> | null): boolean;
}

/** The pools from which an address may be, or why there are none in Calico's words. */
export type PoolChoice =
  | { readonly pools: readonly EnabledPool[]; readonly selecting: readonly EnabledPool[]; readonly error: null }
  | { readonly pools: null; readonly error: string };

/** Pools that are neither disabled nor impossible, in the order of their names, as the API lists them. */
export function enabledPools(pools: Iterable<IPPool>, calico: string): readonly EnabledPool[] {
  return [...pools]
    .filter((pool) => pool.disabled !== true)
    .sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : x.metadata.name > y.metadata.name ? 1 : 0))
    .map((pool) => ({
      pool,
      walk: poolWalk(pool),
      selectsNode: selection(pool.nodeSelector),
      selectsNamespace: isCalicoSince(calico, 31) ? selection(pool.namespaceSelector) : () => true,
    }));
}

/** A selector that does not parse selects nothing: the API refuses it, and Calico would fail. */
function selection(text: string): (labels: ReadonlyMap<string, string> | null) => boolean {
  if (text === "") return () => true;
  const { selector } = parseSelector(text);
  if (selector === null) return () => false;
  return (labels) => matchesSelector(selector, (label) => labels?.get(label));
}

/** The pools for an address, as libcalico-go/lib/ipam/ipam.go determinePools and filterPoolsByUse find them. */
export function choosePools(enabled: readonly EnabledPool[], applicant: Applicant, calico: string): PoolChoice {
  const { family, requested, use } = applicant;
  const ofFamily = enabled.filter(({ pool }) => pool.cidr.address.family === family);
  if (ofFamily.length === 0) return { pools: null, error: "cannot find a qualified ippool" };
  const selecting: EnabledPool[] = [];
  if (requested !== null && requested.length > 0) {
    for (const cidr of requested) {
      const found = ofFamily.find(({ pool }) => samePrefix(pool.cidr, cidr));
      if (found === undefined)
        return { pools: null, error: `the given pool (${formatPrefix(cidr)}) does not exist, or is not enabled` };
      selecting.push(found);
    }
  } else {
    for (const one of ofFamily) {
      if (isCalicoSince(calico, 30) && one.pool.assignmentMode === "Manual") continue;
      if (one.selectsNode(applicant.nodeLabels) && one.selectsNamespace(applicant.namespaceLabels)) selecting.push(one);
    }
  }
  if (selecting.length === 0) return { pools: null, error: `no configured Calico pools for node ${applicant.node}` };
  const pools = selecting.filter(({ pool }) => pool.allowedUses.includes(use));
  if (pools.length === 0)
    return { pools: null, error: `cannot find a qualified ippool, no pools match the required use (${use})` };
  return { pools, selecting, error: null };
}

/** The first enabled pool that holds the address; null where there is none. */
export function poolHolding(enabled: readonly EnabledPool[], address: Address): EnabledPool | null {
  return enabled.find(({ pool }) => prefixContains(pool.cidr, address)) ?? null;
}
