import type { Finding } from "../../model/finding.ts";
import type { Neighbour } from "../../model/neighbour.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "../dump-text.ts";
import { hasFlag, isJsonDump, type JsonElement, jsonElements, textField, textsField } from "../json-fields.ts";
import { parseMac } from "./mac.ts";
import { TokenReader, tokensOf } from "./tokens.ts";

export interface NeighbourDump {
  readonly neighbours: readonly Neighbour[];
  readonly findings: readonly Finding[];
}

/** A neighbour in the words of the dump. */
interface WrittenNeighbour {
  readonly line: number;
  address: string;
  device: string | null;
  mac: string | null;
  state: string | null;
  router: boolean;
  proxy: boolean;
}

/** Names of ip/ipneigh.c (print_neigh_state). */
const STATES: ReadonlyMap<string, Neighbour["state"]> = new Map(
  (["PERMANENT", "NOARP", "REACHABLE", "STALE", "DELAY", "PROBE", "INCOMPLETE", "FAILED", "NONE"] as const).map(
    (state) => [state, state],
  ),
);

/** Reads `ip [-s] [-j] neigh [show [nud all | proxy]]`, text or JSON. An entry without a state (`nud none`) is NONE. */
export function readNeighbours(text: string, file: string, origins: OriginTable): NeighbourDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const neighbours: Neighbour[] = [];
  const written = isJsonDump(lines)
    ? jsonElements(lines, findings).map((element) => jsonNeighbour(element))
    : lines.map((line) => textNeighbour(line, findings));
  for (const entry of written) {
    const neighbour = buildNeighbour(entry, findings);
    if (neighbour !== null) neighbours.push({ ...neighbour, origin: originAt(origins, originOfFile, entry.line) });
  }
  return { neighbours, findings: findings.list() };
}

function buildNeighbour(written: WrittenNeighbour, findings: DumpFindings): Neighbour | null {
  const address = parseAddress(written.address);
  if (address === null) {
    findings.add("unknown-line", "warning", written.line, `Not a neighbour: ${quote(written.address)}.`, {
      expected: "`address dev interface …`",
    });
    return null;
  }
  if (written.device === null) {
    findings.add("unknown-line", "warning", written.line, "A neighbour without its interface; it is left out.", {
      advice: "Collect with `ip neigh`, without `dev`, which hides the name.",
    });
    return null;
  }
  const mac = written.mac === null ? null : parseMac(written.mac);
  if (mac === null && written.mac !== null) {
    findings.add(
      "unmodelled-option",
      "info",
      written.line,
      `Link-layer address ${quote(written.mac)} is no MAC address.`,
    );
  }
  return {
    address,
    interface: written.device,
    mac,
    state: STATES.get(written.state ?? "NONE") ?? "NONE",
    router: written.router,
    proxy: written.proxy,
    origin: 0,
  };
}

function textNeighbour(line: DumpLine, findings: DumpFindings): WrittenNeighbour {
  // With -s the two statistics run into each other: `used 0/60/0probes 1`.
  const text = line.text.replace(/ used [^ ]*?probes \d+/, " ");
  const reader = new TokenReader(tokensOf({ number: line.number, text }));
  const written: WrittenNeighbour = {
    line: line.number,
    address: reader.takeText(),
    device: null,
    mac: null,
    state: null,
    router: false,
    proxy: false,
  };
  for (let token = reader.take(); token !== null; token = reader.take()) {
    switch (token.text) {
      case "dev":
        written.device = reader.takeText();
        break;
      case "lladdr":
        written.mac = reader.takeText();
        break;
      case "router":
        written.router = true;
        break;
      case "proxy":
        written.proxy = true;
        break;
      case "extern_learn":
      case "offload":
      case "managed":
      case "use":
        break;
      case "ref":
      case "used":
      case "probes":
      case "proto":
      case "protocol":
      case "nomaster":
      case "vrf":
        reader.take();
        break;
      default:
        if (STATES.has(token.text)) written.state = token.text;
        else findings.add("unknown-option", "warning", token.line, `Unknown neighbour option ${quote(token.text)}.`);
    }
  }
  // Cut off: left out below, for want of an interface.
  if (reader.damaged) written.device = null;
  return written;
}

function jsonNeighbour({ object, line }: JsonElement): WrittenNeighbour {
  return {
    line,
    address: textField(object, "dst") ?? "",
    device: textField(object, "dev"),
    mac: textField(object, "lladdr"),
    state: textsField(object, "state")[0] ?? null,
    router: hasFlag(object, "router"),
    proxy: hasFlag(object, "proxy"),
  };
}
