import type { Finding } from "../../model/finding.ts";
import {
  type BorrowedAddress,
  type IpamAddress,
  type IpamReport,
  type IpamUsage,
  ipamReport,
} from "../../model/ipam-report.ts";
import { type Origin, type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { parsePrefix } from "../../net/prefix.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { type BoxRow, boxTable } from "./box-table.ts";

export interface IpamDump {
  readonly report: IpamReport;
  /** What was read, counted. */
  readonly items: number;
  readonly findings: readonly Finding[];
}

const IN_USE = /^IP (\S+) is in use$/;
const NOT_ASSIGNED = /^(\S+) is not assigned$/;
/** The value may be empty. */
const ATTRIBUTE = /^ {1,4}([^:\s]+):(?: (.*))?$/;
const SAYS_NOTHING =
  /^(?:Attributes:|No attributes defined|Handle ID: .*|(?:Active|Alternate) Owner Attributes:|No Active Owner attributes defined|Note: found \d+ IP allocations without an explicit node association\..*)$/;

/**
 * Reads `calicoctl ipam show` with any of its options, of tablewriter (calicoctl up to 3.32) and of go-pretty
 * (calicoctl/commands/ipam/show.go). Read from the source: no calicoctl was at hand.
 */
export function readIpamShow(text: string, file: string, origins: OriginTable): IpamDump {
  const dump = dumpLines(text, file);
  const findings = dumpFindings(file, dump.findings);
  const fileNumber = originFile(origins, file);
  const usage: IpamUsage[] = [];
  const borrowed: BorrowedAddress[] = [];
  const settings: { readonly name: string; readonly value: string; readonly origin: Origin }[] = [];
  const addresses: (IpamAddress & { readonly attributes: Map<string, string> })[] = [];
  const table = boxTable();
  const take = (): void => {
    for (const row of table.take()) {
      const origin = originAt(origins, fileNumber, row.number);
      const used = usageOf(row, origin);
      const lent = used === null ? borrowedOf(row, origin) : null;
      const name = row.cells.get("PROPERTY");
      if (used !== null) usage.push(used);
      else if (lent !== null) borrowed.push(lent);
      else if (name !== undefined) settings.push({ name, value: row.cells.get("VALUE") ?? "", origin });
      else {
        findings.add("unknown-line", "warning", row.number, "A row that no table of calicoctl ipam show has.", {
          expected: "GROUPING, CIDR, IPS TOTAL, …; IP, BORROWING-NODE, BLOCK, …; or PROPERTY, VALUE",
        });
      }
    }
  };
  const addAddress = (written: string, allocated: boolean, line: number): boolean => {
    const address = parseAddress(written);
    if (address === null) return false;
    addresses.push({ address, allocated, attributes: new Map(), origin: originAt(origins, fileNumber, line) });
    return true;
  };
  for (const { number, text: line } of dump.lines) {
    if (table.add({ number, text: line })) continue;
    take();
    const used = IN_USE.exec(line)?.[1];
    if (used !== undefined && addAddress(used, true, number)) continue;
    const free = NOT_ASSIGNED.exec(line)?.[1];
    if (free !== undefined && addAddress(free, false, number)) continue;
    const [, name, value] = ATTRIBUTE.exec(line) ?? [];
    const last = addresses.at(-1);
    if (last !== undefined && name !== undefined) last.attributes.set(name, value ?? "");
    else if (!SAYS_NOTHING.test(line.trim())) {
      findings.add("unknown-line", "warning", number, `Not understood: ${quote(line)}.`, {
        expected: "the output of calicoctl ipam show",
      });
    }
  }
  take();
  const items = usage.length + borrowed.length + settings.length + addresses.length;
  return { report: ipamReport({ usage, borrowed, settings, addresses }), items, findings: findings.list() };
}

/** `256 (0%)`, `1.0486e+06`. */
function count(cell: string | undefined): number | null {
  const number = Number(/^[\d.]+(?:e\+\d+)?/.exec(cell ?? "")?.[0] ?? Number.NaN);
  return Number.isNaN(number) ? null : number;
}

function usageOf({ cells }: BoxRow, origin: Origin): IpamUsage | null {
  const grouping = cells.get("GROUPING");
  const cidr = parsePrefix(cells.get("CIDR") ?? "");
  const total = count(cells.get("IPS TOTAL"));
  const inUse = count(cells.get("IPS IN USE"));
  const free = count(cells.get("IPS FREE"));
  if (cidr === null || total === null || inUse === null || free === null) return null;
  if (grouping !== "IP Pool" && grouping !== "Block") return null;
  return { grouping: grouping === "Block" ? "block" : "pool", cidr, total, inUse, free, origin };
}

function borrowedOf({ cells }: BoxRow, origin: Origin): BorrowedAddress | null {
  const address = parseAddress(cells.get("IP") ?? "");
  const block = parsePrefix(cells.get("BLOCK") ?? "");
  const node = cells.get("BORROWING-NODE");
  if (address === null || block === null || node === undefined) return null;
  return {
    address,
    node,
    block,
    owner: cells.get("BLOCK OWNER") || null,
    type: cells.get("TYPE") ?? "",
    allocatedTo: cells.get("ALLOCATED-TO") ?? "",
    origin,
  };
}
