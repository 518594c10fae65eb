import { complain, type Field, integer, isRecord, listOf, member, text } from "../../kubernetes/field.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import type { Expectation, ExpectedPlace } from "./scenario.ts";

const RESULTS = ["answered", "refused", "unreachable", "timeout"] as const;
const OUTCOMES = ["delivered", "dropped", "rejected", "left", "unresolved"] as const;
const CERTAINTIES = ["certain", "branching", "uncertain"] as const;
const KEYS = ["result", "outcome", "at", "reason", "via", "hops", "certainty"];
const PLACE_KEYS = ["host", "interface", "hook", "table", "chain", "index"];

/** One of some words; null when absent, complained of when another. */
export function word<T extends string>(field: Field, words: readonly T[]): T | null {
  const written = text(field);
  if (written === null) return null;
  const found = words.find((item) => item === written);
  if (found === undefined) complain(field, words.join(", "));
  return found ?? null;
}

/** The `expect` of a probe. */
export function readExpectation(field: Field, unknown: UnknownKey[]): Expectation {
  unknown.push(...unknownKeys(field, KEYS));
  const hops = member(field, "hops");
  const via = member(field, "via");
  return {
    result: word(member(field, "result"), RESULTS),
    outcome: word(member(field, "outcome"), OUTCOMES),
    at: readPlace(member(field, "at"), unknown),
    reason: text(member(field, "reason")),
    via: via.value === undefined ? null : listOf(via, text),
    hops: hops.value === undefined ? null : listOf(hops, readHop),
    certainty: word(member(field, "certainty"), CERTAINTIES),
  };
}

function readHop(field: Field): string | null {
  const written = text(field);
  if (written === null || written === "*") return written;
  const address = parseAddress(written);
  if (address === null) complain(field, 'an address or "*"');
  return address === null ? null : formatAddress(address);
}

function readPlace(field: Field, unknown: UnknownKey[]): ExpectedPlace | null {
  if (field.value === undefined || field.value === null) return null;
  if (!isRecord(field.value)) {
    complain(field, "a mapping such as {host: node1, interface: eth0}");
    return null;
  }
  unknown.push(...unknownKeys(field, PLACE_KEYS));
  return {
    host: text(member(field, "host")),
    interface: text(member(field, "interface")),
    hook: text(member(field, "hook")),
    table: text(member(field, "table")),
    chain: text(member(field, "chain")),
    index: integer(member(field, "index")),
  };
}
