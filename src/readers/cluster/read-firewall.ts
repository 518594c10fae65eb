import { complain, type Field, isRecord, member, text } from "../../kubernetes/field.ts";
import type { Ruleset } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { readIptablesSave } from "../iptables/save.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import type { NodeReading } from "./read-node.ts";

const KEYS = ["iptables", "ip6tables", "backend"];

/** Rules of one text or file, read once however many nodes have them. */
const known = new WeakMap<NodeReading["findings"], Map<string, readonly Ruleset[]>>();

/**
 * The machine's own rules: `{iptables, ip6tables, backend}`, each the text of iptables-save, or a file of it beside nodes.yaml.
 * A text alone is that of `iptables`.
 */
export function readFirewall(field: Field, unknown: UnknownKey[], reading: NodeReading): readonly Ruleset[] {
  if (field.value === undefined || field.value === null) return [];
  if (typeof field.value === "string") return readRules(field, 4, "nft", reading);
  if (!isRecord(field.value)) {
    complain(field, "the text of iptables-save, the name of such a file, or {iptables, ip6tables, backend}");
    return [];
  }
  unknown.push(...unknownKeys(field, KEYS));
  const backendField = member(field, "backend");
  const written = text(backendField) ?? "nft";
  const backend = written === "legacy" ? "legacy" : "nft";
  if (written !== "legacy" && written !== "nft") complain(backendField, "nft or legacy");
  return [
    ...readRules(member(field, "iptables"), 4, backend, reading),
    ...readRules(member(field, "ip6tables"), 6, backend, reading),
  ];
}

function readRules(field: Field, family: Family, backend: "legacy" | "nft", reading: NodeReading): readonly Ruleset[] {
  const written = text(field);
  if (written === null) return [];
  const texts = known.get(reading.findings) ?? new Map<string, readonly Ruleset[]>();
  known.set(reading.findings, texts);
  const key = `${family} ${backend} ${written}`;
  const earlier = texts.get(key);
  if (earlier !== undefined) return earlier;
  const isText = /\n|^\s*(?:\*|-[AIP]|:)/.test(written);
  const content = isText ? written : reading.other(written);
  if (content === null) {
    complain(field, "the text of iptables-save, or a file of it beside nodes.yaml");
    return [];
  }
  // a block scalar begins on the line after its key: its rules have the numbers of their own lines
  const padded = isText ? `${"\n".repeat(reading.locator.key(field.path)?.line ?? 0)}${content}` : content;
  const file = isText ? reading.file : written;
  const read = readIptablesSave({ text: padded, file, family, backend }, reading.origins);
  reading.findings.push(...read.findings);
  const rulesets = read.rulesets.filter((ruleset) => ruleset.tables.size > 0);
  texts.set(key, rulesets);
  return rulesets;
}
