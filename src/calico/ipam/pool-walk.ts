import { addressOfNumber } from "../../net/address-number.ts";
import { formatPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import type { IPPool } from "../ip-pool.ts";
import { type BlockStore, hasFreeAddress, type WorkingBlock } from "./block-store.ts";
import { blockAt, blockCount, blockIndex, firstBlockIndex } from "./pool-blocks.ts";
import { wholeBlockReserved } from "./reserved-addresses.ts";

/** Indexes of a pool that are out of the question, each with the next one to try: chains are shortened as they are followed. */
type Skips = Map<bigint, bigint>;

/** What was learnt about a pool's blocks, so that thousands of nodes need not each look at all blocks. */
export interface PoolWalk {
  readonly pool: IPPool;
  readonly count: bigint;
  /** Blocks that exist or are wholly reserved. */
  readonly taken: Skips;
  /** Blocks without a free address. */
  readonly full: Skips;
  readonly starts: Map<string, bigint>;
}

export function poolWalk(pool: IPPool): PoolWalk {
  return { pool, count: blockCount(pool), taken: new Map(), full: new Map(), starts: new Map() };
}

function nextOf(skips: Skips, from: bigint): bigint {
  let end = from;
  for (let next = skips.get(end); next !== undefined; next = skips.get(end)) end = next;
  for (let at = from; at !== end; ) {
    const next = skips.get(at) ?? end;
    skips.set(at, end);
    at = next;
  }
  return end;
}

function startOf(walk: PoolWalk, host: string): bigint {
  const known = walk.starts.get(host);
  if (known !== undefined) return known;
  const start = firstBlockIndex(walk.pool, host);
  walk.starts.set(host, start);
  return start;
}

/** The block at which the node begins. */
export function firstBlock(walk: PoolWalk, host: string): Prefix {
  return blockAt(walk.pool, startOf(walk, host));
}

/** In the order in which the node looks at the pool: how far the block is from its first one. */
export function distanceFrom(walk: PoolWalk, host: string, block: Prefix): bigint {
  const index = blockIndex(walk.pool, block.address) - startOf(walk, host);
  return index < 0n ? index + walk.count : index;
}

/** The first block of the node's order, from `from` on, for which `usable` answers; what it refuses is never asked again. */
function search<T>(
  walk: PoolWalk,
  skips: Skips,
  host: string,
  store: BlockStore,
  usable: (block: Prefix, key: string) => T | null,
): T | null {
  const start = startOf(walk, host);
  for (const [from, to] of [
    [start, walk.count],
    [0n, start],
  ] as const) {
    for (let index = nextOf(skips, from); index < to; index = nextOf(skips, index)) {
      const block = blockAt(walk.pool, index);
      const until = wholeBlockReserved(store.reserved, block);
      if (until !== null) {
        const after = addressOfNumber(block.address.family, until + 1n);
        const jump = prefixContains(walk.pool.cidr, after) ? blockIndex(walk.pool, after) : walk.count;
        skips.set(index, jump > index ? jump : index + 1n);
        continue;
      }
      const found = usable(block, formatPrefix(block));
      if (found !== null) return found;
      skips.set(index, index + 1n);
    }
  }
  return null;
}

/** The first block of the node's order that nobody has made yet. */
export function nextNewBlock(walk: PoolWalk, host: string, store: BlockStore): Prefix | null {
  if (walk.count === 0n) return null;
  return search(walk, walk.taken, host, store, (block, key) => (store.blocks.has(key) ? null : block));
}

/** The first block of the node's order that is there and has a free address, whoever owns it. */
export function nextBlockWithSpace(walk: PoolWalk, host: string, store: BlockStore): WorkingBlock | null {
  if (walk.count === 0n) return null;
  return search(walk, walk.full, host, store, (_, key) => {
    const block = store.blocks.get(key);
    return block !== undefined && hasFreeAddress(store, block) ? block : null;
  });
}

/** An address of the block is free again. */
export function reopen(walk: PoolWalk, block: Prefix): void {
  if (walk.full.has(blockIndex(walk.pool, block.address))) walk.full.clear();
}
