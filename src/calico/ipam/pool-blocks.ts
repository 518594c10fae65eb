import type { Address } from "../../net/address.ts";
import { addressNumber, addressOfNumber } from "../../net/address-number.ts";
import { addressBits, type Prefix, prefixOf } from "../../net/prefix.ts";
import type { IPPool } from "../ip-pool.ts";
import { fnv32 } from "./fnv32.ts";
import { goRandom, goRandomBelow } from "./go-random.ts";

/** How many blocks a pool has; 0 when a block does not fit into it. */
export function blockCount(pool: IPPool): bigint {
  const bits = pool.blockSize - pool.cidr.length;
  return bits < 0 ? 0n : 1n << BigInt(bits);
}

export function blockAt(pool: IPPool, index: bigint): Prefix {
  const { family } = pool.cidr.address;
  const shift = BigInt(addressBits(family) - pool.blockSize);
  return {
    address: addressOfNumber(family, addressNumber(pool.cidr.address) + (index << shift)),
    length: pool.blockSize,
  };
}

/** The block of the pool that holds an address of it. */
export function blockOf(pool: IPPool, address: Address): Prefix {
  return prefixOf(address, pool.blockSize);
}

export function blockIndex(pool: IPPool, address: Address): bigint {
  const shift = BigInt(addressBits(address.family) - pool.blockSize);
  return (addressNumber(address) - addressNumber(pool.cidr.address)) >> shift;
}

/**
 * Where a node begins to look for a block of its own in a pool: a pseudo-random index whose seed is the FNV-1 hash of its
 * name (libcalico-go/lib/ipam/ipam_block_reader_writer.go, randomBlockGenerator). From there Calico goes on block by block
 * and begins anew at the end. Blocks of one address have the time for a seed: podpath takes the name for them too.
 */
export function firstBlockIndex(pool: IPPool, host: string): bigint {
  return goRandomBelow(goRandom(fnv32(host)), blockCount(pool));
}
