import { type Address, type Family, sameAddress } from "../../net/address.ts";
import { addressNumber } from "../../net/address-number.ts";
import { addressBits, formatPrefix, type Prefix, prefixOf } from "../../net/prefix.ts";
import type { BlockAffinity } from "../block-affinity.ts";
import { type AllocationAttribute, type BlockOwner, emptyBlock, type IPAMBlock } from "./ipam-block.ts";
import { isReserved, type ReservedAddresses } from "./reserved-addresses.ts";

/** A block while addresses are given: the same fields, and they change. */
export interface WorkingBlock {
  readonly key: string;
  readonly cidr: Prefix;
  affinity: BlockOwner | null;
  readonly allocations: (number | null)[];
  readonly unallocated: number[];
  readonly attributes: AllocationAttribute[];
  /** It was there before the first address was given: from a resource. */
  readonly declared: IPAMBlock | null;
  used: number;
}

/** A node's claim to a block, whether the block is there or not. */
export interface Claim {
  readonly key: string;
  readonly cidr: Prefix;
  /** Name of the BlockAffinity: the API lists claims in its order. */
  readonly name: string;
}

/** All blocks and who claims them: what Calico keeps in its datastore. */
export interface BlockStore {
  readonly blocks: Map<string, WorkingBlock>;
  /** By owner and family, in the order in which the API lists them. */
  readonly claims: Map<string, Claim[]>;
  readonly reserved: ReservedAddresses;
  /** Blocks that resources declare, by owner (`host:node-1`). */
  readonly declaredOf: Map<string, WorkingBlock[]>;
  /** Those of them in which nobody has an address. */
  readonly emptyDeclared: WorkingBlock[];
  /** Their lengths. */
  readonly declaredLengths: Set<number>;
}

export function ownerKey(owner: BlockOwner, family: Family): string {
  return `${owner.type}:${owner.name} ${family}`;
}

/** The store as it is declared; where no BlockAffinity stands for a block, its own field counts. */
export function blockStore(
  blocks: Iterable<IPAMBlock>,
  affinities: Iterable<BlockAffinity>,
  reserved: ReservedAddresses,
): BlockStore {
  const store: BlockStore = {
    blocks: new Map(),
    claims: new Map(),
    reserved,
    declaredOf: new Map(),
    emptyDeclared: [],
    declaredLengths: new Set(),
  };
  const claimed = new Set<string>();
  for (const { deleted, type, node, cidr } of affinities) {
    if (deleted) continue;
    claimed.add(formatPrefix(cidr));
    addClaim(store, { type, name: node }, cidr);
  }
  for (const block of blocks) {
    if (block.deleted) continue;
    const key = formatPrefix(block.cidr);
    const working: WorkingBlock = {
      key,
      cidr: block.cidr,
      affinity: block.affinity,
      allocations: [...block.allocations],
      unallocated: [...block.unallocated],
      attributes: [...block.attributes],
      declared: block,
      used: block.allocations.reduce<number>((count, given) => count + (given === null ? 0 : 1), 0),
    };
    store.blocks.set(key, working);
    store.declaredLengths.add(block.cidr.length);
    if (working.used === 0) store.emptyDeclared.push(working);
    if (block.affinity === null) continue;
    const name = `${block.affinity.type}:${block.affinity.name}`;
    const known = store.declaredOf.get(name);
    if (known === undefined) store.declaredOf.set(name, [working]);
    else known.push(working);
    if (!claimed.has(key)) addClaim(store, block.affinity, block.cidr);
  }
  return store;
}

export function addClaim(store: BlockStore, owner: BlockOwner, cidr: Prefix): void {
  const of = ownerKey(owner, cidr.address.family);
  const key = formatPrefix(cidr);
  const name = key.replace(/[.:/]/g, "-");
  const present = store.claims.get(of);
  if (present === undefined) store.claims.set(of, [{ key, cidr, name }]);
  else if (!present.some((claim) => claim.key === key)) {
    const position = present.findIndex((claim) => claim.name > name);
    present.splice(position < 0 ? present.length : position, 0, { key, cidr, name });
  }
}

export function removeClaim(store: BlockStore, owner: BlockOwner, cidr: Prefix): void {
  const of = ownerKey(owner, cidr.address.family);
  const key = formatPrefix(cidr);
  const rest = (store.claims.get(of) ?? []).filter((claim) => claim.key !== key);
  store.claims.set(of, rest);
}

/** Makes a new block and its owner's claim. */
export function claimBlock(store: BlockStore, owner: BlockOwner, cidr: Prefix): WorkingBlock {
  const size = 2 ** (addressBits(cidr.address.family) - cidr.length);
  const { allocations, unallocated } = emptyBlock(cidr, owner, size);
  const block: WorkingBlock = {
    key: formatPrefix(cidr),
    cidr,
    affinity: owner,
    allocations: [...allocations],
    unallocated: [...unallocated],
    attributes: [],
    declared: null,
    used: 0,
  };
  store.blocks.set(block.key, block);
  addClaim(store, owner, cidr);
  return block;
}

export function addressAt(block: { readonly cidr: Prefix }, ordinal: number): Address {
  const { address } = block.cidr;
  if (address.family === 4) return { ...address, a: (address.a + ordinal) >>> 0 };
  // a block has at most 4096 addresses: only the last word differs
  return { ...address, d: (address.d + ordinal) >>> 0 };
}

export function ordinalOf(block: { readonly cidr: Prefix }, address: Address): number {
  return Number(addressNumber(address) - addressNumber(block.cidr.address));
}

/** True where an address of the block is left that no reservation covers. */
export function hasFreeAddress(store: BlockStore, block: WorkingBlock): boolean {
  return block.unallocated.some((ordinal) => !isReserved(store.reserved, addressAt(block, ordinal)));
}

/** Gives the first free address that is not reserved; null where there is none. */
export function takeFirst(store: BlockStore, block: WorkingBlock, attribute: AllocationAttribute): Address | null {
  const isFree = (ordinal: number): boolean => !isReserved(store.reserved, addressAt(block, ordinal));
  const hasReserved = store.reserved.ranges[block.cidr.address.family].length > 0;
  const position = hasReserved ? block.unallocated.findIndex(isFree) : 0;
  const ordinal = block.unallocated[position];
  if (ordinal === undefined) return null;
  block.unallocated.splice(position, 1);
  give(block, ordinal, attribute);
  return addressAt(block, ordinal);
}

/** Gives this very address; false where somebody has it. */
export function takeAddress(block: WorkingBlock, address: Address, attribute: AllocationAttribute): boolean {
  const ordinal = ordinalOf(block, address);
  if (block.allocations[ordinal] !== null) return false;
  const position = block.unallocated.indexOf(ordinal);
  if (position >= 0) block.unallocated.splice(position, 1);
  give(block, ordinal, attribute);
  return true;
}

function give(block: WorkingBlock, ordinal: number, attribute: AllocationAttribute): void {
  block.allocations[ordinal] = block.attributes.push(attribute) - 1;
  block.used++;
}

/** Takes back the address that was given last from the block: it goes to the end of the queue. */
export function giveBack(block: WorkingBlock, address: Address): void {
  const ordinal = ordinalOf(block, address);
  const index = block.allocations[ordinal];
  if (index === null || index === undefined) return;
  block.allocations[ordinal] = null;
  block.unallocated.push(ordinal);
  block.attributes.splice(index, 1);
  block.allocations.forEach((given, at) => {
    if (given !== null && given > index) block.allocations[at] = given - 1;
  });
  block.used--;
}

/** The declared block that holds the address; undefined where there is none. */
export function declaredBlockHolding(store: BlockStore, address: Address): WorkingBlock | undefined {
  for (const length of store.declaredLengths) {
    if (length > addressBits(address.family)) continue;
    const block = store.blocks.get(formatPrefix(prefixOf(address, length)));
    if (block !== undefined) return block;
  }
  return undefined;
}

/** Who has the address, by the block's attributes; null where it is free. */
export function holderOf(block: WorkingBlock, address: Address): AllocationAttribute | null {
  const index = block.allocations[ordinalOf(block, address)];
  return index === null || index === undefined ? null : (block.attributes[index] ?? null);
}

/** The blocks as resources, in order of their addresses. */
export function blocksOf(store: BlockStore): readonly IPAMBlock[] {
  return [...store.blocks.values()]
    .sort((x, y) => compareBlocks(x.cidr, y.cidr))
    .map(({ declared, cidr, affinity, allocations, unallocated, attributes }) => ({
      cidr,
      affinity,
      allocations,
      unallocated,
      attributes,
      deleted: false,
      origin: declared?.origin ?? 0,
    }));
}

function compareBlocks(x: Prefix, y: Prefix): number {
  if (sameAddress(x.address, y.address)) return x.length - y.length;
  const [a, b] = [x.address, y.address];
  return a.family - b.family || a.a - b.a || a.b - b.b || a.c - b.c || a.d - b.d;
}
