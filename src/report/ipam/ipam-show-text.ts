import type { IPPool } from "../../calico/ip-pool.ts";
import { addressAt } from "../../calico/ipam/block-store.ts";
import { type IPAMBlock, secondaryOf } from "../../calico/ipam/ipam-block.ts";
import type { IPAMConfig } from "../../calico/ipam/ipam-config.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { addressBits, formatPrefix, prefixContains } from "../../net/prefix.ts";
import { fiveDigits, wholeNumber } from "./go-number.ts";
import { tableText } from "./table-writer.ts";

/** How full something is. */
interface Usage {
  readonly total: number;
  readonly inUse: number;
}

function usageRow(grouping: string, cidr: string, { total, inUse }: Usage): readonly string[] {
  const share = (count: number): string => `${fiveDigits(count)} (${wholeNumber((100 * count) / total)}%)`;
  return [grouping, cidr, fiveDigits(total), share(inUse), share(total - inUse)];
}

function blockUsage({ allocations, unallocated }: IPAMBlock): Usage {
  return { total: allocations.length, inUse: allocations.length - unallocated.length };
}

/** Blocks as the API lists them: by their names. */
function listed(blocks: readonly IPAMBlock[]): readonly IPAMBlock[] {
  const name = ({ cidr }: IPAMBlock): string => formatPrefix(cidr).replace(/[./:]/g, "-");
  return [...blocks].sort((x, y) => (name(x) < name(y) ? -1 : 1));
}

/** `calicoctl ipam show`, with `--show-blocks` where asked (calicoctl/commands/ipam/show.go). */
export function ipamShowText(pools: readonly IPPool[], blocks: readonly IPAMBlock[], showBlocks: boolean): string {
  const rows: (readonly string[])[] = [];
  const waiting = new Set(listed(blocks));
  const ofBlocks = (of: readonly IPAMBlock[]): void => {
    for (const block of showBlocks ? of : []) rows.push(usageRow("Block", formatPrefix(block.cidr), blockUsage(block)));
  };
  const inOrder = [...pools].sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1));
  for (const { cidr } of inOrder) {
    const own = [...waiting].filter((block) => prefixContains(cidr, block.cidr.address));
    for (const block of own) waiting.delete(block);
    const total = 2 ** (addressBits(cidr.address.family) - cidr.length);
    const inUse = own.reduce((sum, block) => sum + blockUsage(block).inUse, 0);
    rows.push(usageRow("IP Pool", formatPrefix(cidr), { total, inUse }));
    ofBlocks(own);
  }
  // blocks whose pool is gone
  ofBlocks([...waiting]);
  return tableText(["GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS FREE"], rows);
}

/** `calicoctl ipam show --show-borrowed`. */
export function ipamBorrowedText(blocks: readonly IPAMBlock[]): string {
  const rows: (readonly string[])[] = [];
  let unclassified = 0;
  for (const block of listed(blocks)) {
    const owner = block.affinity?.name ?? "";
    block.allocations.forEach((index, ordinal) => {
      const attribute = index === null ? undefined : block.attributes[index];
      if (attribute === undefined) return;
      const secondary = secondaryOf(attribute);
      const node = secondary.get("node");
      if (node === undefined) unclassified++;
      else if (node !== owner) {
        const pod = secondary.get("pod");
        rows.push([
          formatAddress(addressAt(block, ordinal)),
          node,
          formatPrefix(block.cidr),
          owner,
          pod === undefined ? (secondary.get("type") ?? "") : "pod",
          pod === undefined ? "" : `${secondary.get("namespace") ?? ""}/${pod}`,
        ]);
      }
    });
  }
  const table = tableText(["IP", "BORROWING-NODE", "BLOCK", "BLOCK OWNER", "TYPE", "ALLOCATED-TO"], rows);
  return unclassified === 0
    ? table
    : `${table}\nNote: found ${unclassified} IP allocations without an explicit node association. Unable to determine if they are borrowed.\n`;
}

/** `calicoctl ipam show --show-configuration`. */
export function ipamConfigurationText(config: IPAMConfig): string {
  return tableText(
    ["PROPERTY", "VALUE"],
    [
      ["StrictAffinity", String(config.strictAffinity)],
      ["AutoAllocateBlocks", String(config.autoAllocateBlocks)],
      ["MaxBlocksPerHost", String(config.maxBlocksPerHost)],
    ],
  );
}

/** `calicoctl ipam show --ip=…`; attributes in order of their names, which calicoctl up to v3.32 leaves to chance. */
export function ipamAddressText(blocks: readonly IPAMBlock[], address: Address): string {
  const written = formatAddress(address);
  const block = blocks.find(({ cidr }) => prefixContains(cidr, address));
  const ordinal =
    block === undefined ? -1 : block.allocations.findIndex((_, at) => formatAddress(addressAt(block, at)) === written);
  const index = block?.allocations[ordinal] ?? null;
  if (index === null) return `${written} is not assigned\n`;
  const attribute = block?.attributes[index];
  const secondary = attribute === undefined ? [] : [...secondaryOf(attribute)];
  const attributes = secondary.sort(([x], [y]) => (x < y ? -1 : 1));
  const told =
    attributes.length === 0
      ? "No attributes defined\n"
      : `Attributes:\n${attributes.map(([key, value]) => `  ${key}: ${value}\n`).join("")}`;
  return `IP ${written} is in use\n${told}`;
}
