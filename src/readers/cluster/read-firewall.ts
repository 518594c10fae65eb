import { complain, type Field, isRecord, member, pathOf, text } from "../../kubernetes/field.ts";
import { append } from "../../model/append.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { Ruleset } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { readIptablesSave } from "../iptables/save.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { readNftBaseChains } from "../nft/base-chains.ts";
import type { NodeReading } from "./read-node.ts";

const KEYS = ["iptables", "ip6tables", "backend"];

/** The rules of a machine, in iptables and in nftables itself. */
export interface Firewall {
  readonly rulesets: readonly Ruleset[];
  readonly nftBaseChains: readonly NftBaseChain[];
}

const NONE: Firewall = { rulesets: [], nftBaseChains: [] };

/** Rules of one text or file, read once however many nodes have them. */
const known = new WeakMap<NodeReading["findings"], Map<string, Firewall>>();

/**
 * The machine's own rules: `{iptables, ip6tables, backend}`, each the text of iptables-save, or a file of it beside nodes.yaml.
 * A text alone is that of `iptables`, or of nftables: `/etc/nftables.conf` without includes, or what `nft list ruleset` prints.
 */
export function readFirewall(field: Field, unknown: UnknownKey[], reading: NodeReading): Firewall {
  if (field.value === undefined || field.value === null) return NONE;
  if (typeof field.value === "string") return readRules(field, 4, "nft", reading);
  if (!isRecord(field.value)) {
    complain(field, "the text of iptables-save or of nft, the name of such a file, or {iptables, ip6tables, backend}");
    return NONE;
  }
  unknown.push(...unknownKeys(field, KEYS));
  const backendField = member(field, "backend");
  const written = text(backendField) ?? "nft";
  const backend = written === "legacy" ? "legacy" : "nft";
  if (written !== "legacy" && written !== "nft") complain(backendField, "nft or legacy");
  const read = [
    readRules(member(field, "iptables"), 4, backend, reading),
    readRules(member(field, "ip6tables"), 6, backend, reading),
  ];
  return {
    rulesets: read.flatMap(({ rulesets }) => rulesets),
    nftBaseChains: read.flatMap(({ nftBaseChains }) => nftBaseChains),
  };
}

/** How a file for nft begins, comments aside. */
const NFT =
  /^\s*(?:(?:#.*)?\n\s*)*(?:table (?:inet|ip6?|netdev|bridge|arp) |flush ruleset|define |include |destroy table |delete table |add table )/;

function readRules(field: Field, family: Family, backend: "legacy" | "nft", reading: NodeReading): Firewall {
  const written = text(field);
  if (written === null) return NONE;
  const texts = known.get(reading.findings) ?? new Map<string, Firewall>();
  known.set(reading.findings, texts);
  const key = `${family} ${backend} ${written}`;
  const earlier = texts.get(key);
  if (earlier !== undefined) return earlier;
  const isText = /\n|^\s*(?:\*|-[AIP]|:|table )/.test(written);
  const content = isText ? written : reading.other(written);
  if (content === null) {
    complain(field, "the text of iptables-save or of nft, or a file of it beside nodes.yaml");
    return NONE;
  }
  // a block scalar begins on the line after its key: its rules have the numbers of their own lines
  const padded = isText ? `${"\n".repeat(reading.locator.key(pathOf(field))?.line ?? 0)}${content}` : content;
  const file = isText ? reading.file : written;
  const firewall = NFT.test(content)
    ? { rulesets: [], nftBaseChains: readChains(padded, file, reading) }
    : { rulesets: readTables({ text: padded, file, family, backend }, reading), nftBaseChains: [] };
  texts.set(key, firewall);
  return firewall;
}

function readTables(input: Parameters<typeof readIptablesSave>[0], reading: NodeReading): readonly Ruleset[] {
  const { rulesets, findings } = readIptablesSave(input, reading.origins);
  append(reading.findings, findings);
  return rulesets.filter((ruleset) => ruleset.tables.size > 0);
}

function readChains(text: string, file: string, reading: NodeReading): readonly NftBaseChain[] {
  const { baseChains, findings } = readNftBaseChains({ text, file }, reading.origins);
  append(reading.findings, findings);
  return baseChains;
}
