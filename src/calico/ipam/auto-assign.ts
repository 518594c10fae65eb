import type { Address } from "../../net/address.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import { isCalicoSince } from "../calico-version.ts";
import {
  addClaim,
  type BlockStore,
  type Claim,
  claimBlock,
  hasFreeAddress,
  ownerKey,
  removeClaim,
  takeAddress,
  takeFirst,
  type WorkingBlock,
} from "./block-store.ts";
import type { AllocationAttribute, BlockOwner } from "./ipam-block.ts";
import type { IPAMConfig } from "./ipam-config.ts";
import { blockOf } from "./pool-blocks.ts";
import { type Applicant, choosePools, type EnabledPool, poolHolding } from "./pool-choice.ts";
import { distanceFrom, firstBlock, nextBlockWithSpace, nextNewBlock, type PoolWalk } from "./pool-walk.ts";
import { wholeBlockReserved } from "./reserved-addresses.ts";

/** Everything that decides who gets which address. */
export interface Registry {
  readonly store: BlockStore;
  readonly pools: readonly EnabledPool[];
  readonly config: IPAMConfig;
  /** Version of Calico. */
  readonly calico: string;
  /** Owners whose blocks of pools that are not theirs any more were looked at. */
  readonly tidied: Set<string>;
  /** First blocks that another node had already been given by podpath. */
  readonly contested: Contested[];
}

/** A node that began to look for its first block at one that another node had just got. */
export interface Contested {
  readonly node: string;
  readonly wanted: string;
  readonly holder: string;
  readonly got: string;
}

/** An address and its block, or why there is none in Calico's words. */
export type Assignment =
  | { readonly address: Address; readonly block: WorkingBlock; readonly error: null }
  | { readonly address: null; readonly error: string };

/** So many blocks a node may have where nothing is configured (libcalico-go/lib/ipam/ipam.go, autoAssign). */
const USUAL_LIMIT = 20;

/**
 * Gives one address: of the node's own blocks, else of a new one, else of anybody's
 * (libcalico-go/lib/ipam/ipam.go, autoAssign, for one address at a time).
 */
export function autoAssign(registry: Registry, applicant: Applicant, attribute: AllocationAttribute): Assignment {
  const { store, config } = registry;
  const owner: BlockOwner = { type: "host", name: applicant.node };
  const choice = choosePools(registry.pools, applicant, registry.calico);
  if (choice.error !== null) return { address: null, error: choice.error };
  const of = ownerKey(owner, applicant.family);
  tidy(registry, applicant, owner, of, choice.selecting);

  const isAllowed = (claim: Claim): boolean =>
    choice.pools.some(({ pool }) => prefixContains(pool.cidr, claim.cidr.address));
  const claims = store.claims.get(of)?.filter(isAllowed) ?? [];
  for (const claim of claims) {
    if (wholeBlockReserved(store.reserved, claim.cidr) !== null) continue;
    const block = store.blocks.get(claim.key) ?? claimBlock(store, owner, claim.cidr);
    if (block.affinity?.type !== "host" || block.affinity.name !== owner.name) {
      // a claim to what another one owns is void
      removeClaim(store, owner, claim.cidr);
      continue;
    }
    const address = takeFirst(store, block, attribute);
    if (address !== null) return { address, block, error: null };
  }

  const limit = config.maxBlocksPerHost === 0 ? USUAL_LIMIT : config.maxBlocksPerHost;
  if (claims.length >= limit) return { address: null, error: "cannot allocate new block due to per host block limit" };
  if (!config.autoAllocateBlocks) return { address: null, error: "failed to find or claim a block" };
  const own = usableBlock(registry, owner, choice.pools);
  if (own !== null) {
    addClaim(store, owner, own.cidr);
    const address = takeFirst(store, own, attribute);
    if (address !== null) return { address, block: own, error: null };
    return {
      address: null,
      error: `Block '${own.key}' has 0 free ips which is less than 1 ips required.`,
    };
  }

  const messages: string[] = [];
  if (config.strictAffinity) messages.push("No more free affine blocks and strict affinity enabled");
  else {
    for (const { walk } of choice.pools) {
      const block = nextBlockWithSpace(walk, owner.name, store);
      const address = block === null ? null : takeFirst(store, block, attribute);
      if (block !== null && address !== null) return { address, block, error: null };
    }
    messages.push(`No IPs available in pools: [${choice.pools.map(({ pool }) => formatPrefix(pool.cidr)).join(" ")}]`);
  }
  const { family } = applicant;
  return {
    address: null,
    error: [`Assigned 0 out of 1 requested IPv${family} addresses`, ...messages].join("; "),
  };
}

/** A new block, one of the node's own that it does not claim, or (from v3.31) one that another node left empty. */
function usableBlock(registry: Registry, owner: BlockOwner, pools: readonly EnabledPool[]): WorkingBlock | null {
  const { store } = registry;
  for (const { walk, pool } of pools) {
    const fresh = nextNewBlock(walk, owner.name, store);
    const distance = (block: { readonly cidr: WorkingBlock["cidr"] }): bigint =>
      distanceFrom(walk, owner.name, block.cidr);
    const forgotten = forgottenBlocks(store, owner)
      .filter((block) => block.cidr.length === pool.blockSize && prefixContains(pool.cidr, block.cidr.address))
      .filter((block) => hasFreeAddress(store, block))
      .sort((x, y) => (distance(x) < distance(y) ? -1 : 1))[0];
    if (forgotten !== undefined && (fresh === null || distance(forgotten) < distance({ cidr: fresh })))
      return forgotten;
    if (fresh !== null) {
      noteContest(registry, owner, walk, fresh);
      return claimBlock(store, owner, fresh);
    }
  }
  return isCalicoSince(registry.calico, 31) ? reclaimedBlock(store, owner, pools) : null;
}

/** Only a node's first block of a pool is where its name says: later ones follow it. */
function noteContest({ store, contested }: Registry, owner: BlockOwner, walk: PoolWalk, got: Prefix): void {
  if (distanceFrom(walk, owner.name, got) === 0n || store.claims.has(ownerKey(owner, got.address.family))) return;
  const wanted = formatPrefix(firstBlock(walk, owner.name));
  const holder = store.blocks.get(wanted);
  if (holder?.declared === null && holder.affinity !== null)
    contested.push({ node: owner.name, wanted, holder: holder.affinity.name, got: formatPrefix(got) });
}

/** Declared blocks that name the node as their owner, without a claim of it. */
function forgottenBlocks(store: BlockStore, owner: BlockOwner): readonly WorkingBlock[] {
  return [...(store.declaredOf.get(`${owner.type}:${owner.name}`) ?? [])].filter(
    (block) =>
      !(store.claims.get(ownerKey(owner, block.cidr.address.family)) ?? []).some(({ key }) => key === block.key),
  );
}

/** A block that was there and empty before anybody asked: blocks that were claimed within the last minute are left alone. */
function reclaimedBlock(store: BlockStore, owner: BlockOwner, pools: readonly EnabledPool[]): WorkingBlock | null {
  for (const { walk, pool } of pools) {
    const empty = store.emptyDeclared
      .filter((block) => block.used === 0 && store.blocks.get(block.key) === block)
      .filter((block) => block.cidr.length === pool.blockSize && prefixContains(pool.cidr, block.cidr.address))
      .filter((block) => hasFreeAddress(store, block))
      .sort((x, y) => (distanceFrom(walk, owner.name, x.cidr) < distanceFrom(walk, owner.name, y.cidr) ? -1 : 1))[0];
    if (empty === undefined) continue;
    if (empty.affinity !== null) removeClaim(store, empty.affinity, empty.cidr);
    store.blocks.delete(empty.key);
    return claimBlock(store, owner, empty.cidr);
  }
  return null;
}

/** Empty blocks of pools that select the node no more are given up (prepareAffinityBlocksForHost). */
function tidy(
  registry: Registry,
  applicant: Applicant,
  owner: BlockOwner,
  of: string,
  selecting: readonly EnabledPool[],
): void {
  const { store, tidied } = registry;
  if (tidied.has(of)) return;
  tidied.add(of);
  for (const claim of [...(store.claims.get(of) ?? [])]) {
    const block = store.blocks.get(claim.key);
    if (selecting.some(({ pool }) => prefixContains(pool.cidr, claim.cidr.address))) continue;
    const home = poolHolding(registry.pools, claim.cidr.address);
    if (home === null || home.selectsNode(applicant.nodeLabels) || block === undefined || block.used > 0) continue;
    if (block.affinity?.name === owner.name) store.blocks.delete(claim.key);
    removeClaim(store, owner, claim.cidr);
  }
}

/** Gives a certain address (libcalico-go/lib/ipam/ipam.go, AssignIP); reservations do not matter. */
export function assignAddress(
  registry: Registry,
  node: string,
  address: Address,
  attribute: AllocationAttribute,
): Assignment {
  const { store, config } = registry;
  const home = poolHolding(registry.pools, address);
  if (home === null) return { address: null, error: "The provided IP address is not in a configured pool" };
  const cidr = blockOf(home.pool, address);
  const block = store.blocks.get(formatPrefix(cidr)) ?? claimBlock(store, { type: "host", name: node }, cidr);
  if (config.strictAffinity && block.affinity === null)
    return { address: null, error: `Attempt to assign from block ${block.key} with no affinity` };
  if (config.strictAffinity && block.affinity?.name !== node)
    return { address: null, error: "Block host affinity does not match" };
  if (takeAddress(block, address, attribute)) return { address, block, error: null };
  return {
    address: null,
    error: `resource already exists: ${formatAddress(address)} with error: Address already assigned in block`,
  };
}
