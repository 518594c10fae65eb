import type { NftBaseChain } from "../../../model/nft-base-chain.ts";

/** A rule as nft prints it, on one line, and the line it begins on, from 1. */
export interface NativeRule {
  readonly text: string;
  readonly line: number;
}

export interface NativeChain {
  readonly name: string;
  readonly line: number;
  readonly rules: NativeRule[];
}

/** A named set or map. */
export interface NativeSet {
  /** As in `elements = { … }`, each by itself; of a map with what it leads to: `22 : accept`. */
  readonly elements: readonly string[];
  /** Rules add to it while packets pass: a dump says what was in it then. */
  readonly isDynamic: boolean;
}

/** A table that nft made itself, as text. */
export interface NativeTable {
  readonly family: NftBaseChain["family"];
  readonly name: string;
  readonly chains: readonly NativeChain[];
  readonly sets: ReadonlyMap<string, NativeSet>;
}

/** `"a b"` without its quotes. */
export function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** What stands between the commas of a list, those in quotes and inner braces left alone. */
export function listed(text: string): readonly string[] {
  const items = text.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
  return items.map((item) => item.trim()).filter((item) => item !== "");
}
