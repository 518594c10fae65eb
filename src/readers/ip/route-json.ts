import type { DumpFindings } from "../dump-findings.ts";
import {
  hasFlag,
  type JsonElement,
  type JsonObject,
  numberField,
  objectField,
  objectsField,
  textField,
  textsField,
} from "../json-fields.ts";
import { type WrittenHop, type WrittenRoute, writtenHop, writtenRoute } from "./route-build.ts";

/** Keys of ip/iproute.c (print_route) that are read below or say nothing about where a packet goes. */
const KEYS: ReadonlySet<string> = new Set([
  "type",
  "dst",
  "from",
  "nhid",
  "nh_info",
  "encap",
  "tos",
  "gateway",
  "via",
  "dev",
  "table",
  "protocol",
  "scope",
  "prefsrc",
  "flow",
  "metric",
  "flags",
  "metrics",
  "nexthops",
  "pref",
  "expires",
  "error",
  "users",
  "age",
  "used",
  "uid",
  "cache",
]);

const METRICS: ReadonlySet<string> = new Set(["mtu", "hoplimit", "advmss"]);

/** An entry of `ip -j route`; null, with a finding, when it is none. */
export function writtenJsonRoute({ object, line, raw }: JsonElement, findings: DumpFindings): WrittenRoute | null {
  const destination = textField(object, "dst");
  if (destination === null) {
    findings.add("unknown-line", "warning", line, "A JSON object without `dst` is no route.");
    return null;
  }
  const written = writtenRoute(line);
  readHop(object, written.hop);
  written.destination = destination;
  written.type = textField(object, "type");
  written.table = textField(object, "table");
  written.protocol = textField(object, "protocol");
  written.scope = textField(object, "scope");
  written.metric = numberField(object, "metric");
  written.source = textField(object, "prefsrc");
  written.tos = textField(object, "tos");
  written.hasPreference = hasFlag(object, "pref");
  written.nextHopObject = textField(object, "nhid");
  const flow = objectField(object, "flow");
  const realm = flow === null ? null : textField(flow, "to");
  const fromRealm = flow === null ? null : textField(flow, "from");
  written.realm = fromRealm === null ? realm : `${fromRealm}/${realm ?? ""}`;
  written.expires = numberField(object, "expires");
  written.from = textField(object, "from");
  written.encapsulation = textField(object, "encap");
  // iproute2 writes the options of `encap` into the route's own object: `dst` stands there twice, and the last one wins.
  if (written.encapsulation !== null) {
    written.destination = /"dst"\s*:\s*"([^"]*)"/.exec(raw)?.[1] ?? destination;
    written.tos = null;
  } else reportUnknown(object, KEYS, line, findings);
  for (const metrics of objectsField(object, "metrics")) {
    // no JSON of iproute2 tells of a lock
    written.mtu = numberField(metrics, "mtu") ?? written.mtu;
    written.hopLimit = numberField(metrics, "hoplimit") ?? written.hopLimit;
    written.advertisedMss = numberField(metrics, "advmss") ?? written.advertisedMss;
    reportUnknown(metrics, METRICS, line, findings);
  }
  for (const item of objectsField(object, "nexthops")) {
    const hop = writtenHop();
    readHop(item, hop);
    hop.weight = numberField(item, "weight") ?? 1;
    written.hops.push(hop);
  }
  return written;
}

function readHop(object: JsonObject, hop: WrittenHop): void {
  const via = objectField(object, "via");
  hop.gateway = textField(object, "gateway") ?? (via === null ? null : textField(via, "host"));
  hop.otherFamily = via !== null;
  hop.device = textField(object, "dev");
  hop.flags.push(...textsField(object, "flags"));
}

function reportUnknown(object: JsonObject, known: ReadonlySet<string>, line: number, findings: DumpFindings): void {
  for (const key of Object.keys(object)) {
    if (!known.has(key)) findings.once("ignored-option", "info", line, `Route option \`${key}\` is not modelled.`);
  }
}
