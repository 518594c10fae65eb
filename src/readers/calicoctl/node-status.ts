import type { BgpSession, BgpSessionKind, DaemonStatus, Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type Origin, type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { type BoxRow, boxTable } from "./box-table.ts";

export interface NodeStatusDump {
  readonly evidence: Pick<Evidence, "bgpSessions" | "daemons">;
  readonly findings: readonly Finding[];
}

const KINDS: ReadonlyMap<string, BgpSessionKind> = new Map([
  ["node-to-node mesh", "mesh"],
  ["node specific", "node"],
  ["global", "global"],
]);

/** `calico-node container is running. Status: Up 19 hours` is what calicoctl 1 said. */
const CALICO = /^(?:Calico process|calico-node container) is (not )?running\./;
const BIRD = /^(?:INFO: )?BIRDv([46]) process: '?bird6?'? is not running\.?/;
/** The second is what calicoctl said while GoBGP was another backend (up to 3.0). */
const BACKEND =
  /^(?:The BGP backend process \(BIRD\) is not running|None of the BGP backend processes \(BIRD or GoBGP\) are running)\.?/;
const QUERY = /^Error querying BIRD: .*BIRDv([46])/;
/** BIRD runs and calicoctl could not read what it answered. */
const UNREAD = /^Error (?:executing command|getting peers|retrieving neighbor info): /;
const SAYS_NOTHING = /^(?:IPv[46] BGP status|No IPv[46] peers found\.)$/;

/**
 * Reads `calicoctl node status`: the tables of tablewriter (calicoctl up to 3.32, INFO wrapped at 30 columns) and of go-pretty, and
 * the texts that stand in their place (calicoctl/commands/node/status.go of 3.0 to the newest; by reading).
 */
export function readNodeStatus(text: string, file: string, origins: OriginTable): NodeStatusDump {
  const dump = dumpLines(text, file);
  const findings = dumpFindings(file, dump.findings);
  const fileNumber = originFile(origins, file);
  const daemons: DaemonStatus[] = [];
  const bgpSessions: BgpSession[] = [];
  const table = boxTable();
  const take = (): void => {
    for (const row of table.take()) {
      const session = sessionOf(row, originAt(origins, fileNumber, row.number));
      if (session !== null) bgpSessions.push(session);
      else {
        findings.add("unknown-line", "warning", row.number, "A row without a peer's address.", {
          expected: "the columns PEER ADDRESS, PEER TYPE, STATE, SINCE and INFO",
        });
      }
    }
  };
  for (const line of dump.lines) {
    if (table.add(line)) continue;
    take();
    const said = daemonsIn(line.text);
    for (const [daemon, running] of said) {
      daemons.push({ daemon, running, text: line.text, origin: originAt(origins, fileNumber, line.number) });
    }
    if (said.length > 0 || SAYS_NOTHING.test(line.text)) continue;
    if (UNREAD.test(line.text)) {
      findings.add("tool-error", "warning", line.number, `An error message instead of output: ${quote(line.text)}.`, {
        advice: "Ask BIRD itself: birdc show protocols all.",
      });
      continue;
    }
    findings.add("unknown-line", "warning", line.number, `Not understood: ${quote(line.text)}.`, {
      expected: "the output of calicoctl node status",
    });
  }
  take();
  return { evidence: { daemons, bgpSessions }, findings: findings.list() };
}

function daemonsIn(line: string): readonly (readonly [DaemonStatus["daemon"], boolean])[] {
  const calico = CALICO.exec(line);
  if (calico !== null) return [["calico-node", calico[1] === undefined]];
  if (BACKEND.test(line)) {
    return [
      ["bird", false],
      ["bird6", false],
    ];
  }
  const family = (BIRD.exec(line) ?? QUERY.exec(line))?.[1];
  return family === undefined ? [] : [[family === "4" ? "bird" : "bird6", false]];
}

function sessionOf({ cells }: BoxRow, origin: Origin): BgpSession | null {
  const name = cells.get("PEER ADDRESS") ?? "";
  // calicoctl turns every `_` of the protocol's name into a point or a colon: `10.0.0.1.port.178`
  const [, written = "", port] = /^(.*?)(?:[.:]port[.:](\d+))?$/.exec(name) ?? [];
  const peer = parseAddress(written);
  if (peer === null) return null;
  const info = cells.get("INFO") ?? "";
  const [bgpState = ""] = info.split(" ");
  const state = cells.get("STATE") ?? "";
  return {
    name,
    kind: KINDS.get(cells.get("PEER TYPE") ?? "") ?? "other",
    peer,
    peerPort: port === undefined ? null : Number(port),
    table: null,
    state,
    since: cells.get("SINCE") ?? "",
    info,
    bgpState: bgpState || (state === "down" ? "Down" : ""),
    lastError: info.slice(bgpState.length).trim() || null,
    localAs: null,
    peerAs: null,
    sourceAddress: null,
    imported: null,
    exported: null,
    origin,
  };
}
