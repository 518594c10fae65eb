import { topField } from "../../kubernetes/field.ts";
import { readMetadata } from "../../kubernetes/metadata.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originFile, originOfResource } from "../../model/origin.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import type { Resource } from "../resources/read-resources.ts";
import {
  bgpConfigurationRows,
  bgpPeerRows,
  calicoNodeRows,
  hostEndpointRows,
  ipPoolRows,
  networkSetRows,
  workloadEndpointRows,
} from "./calicoctl-rows.ts";
import { type ColumnTable, columnTables } from "./column-table.ts";
import { endpointSliceRows, endpointsRows, nodeRows, podRows, serviceRows } from "./kubectl-rows.ts";
import type { RowReader } from "./table-rows.ts";

/** The first whose columns are all there is taken. */
const READERS: readonly RowReader[] = [
  podRows,
  nodeRows,
  serviceRows,
  endpointSliceRows,
  endpointsRows,
  workloadEndpointRows,
  ipPoolRows,
  calicoNodeRows,
  bgpPeerRows,
  bgpConfigurationRows,
  hostEndpointRows,
  networkSetRows,
];

export interface TableFile {
  readonly resources: readonly Resource[];
  readonly findings: readonly Finding[];
}

/**
 * Reads what `kubectl get` and `calicoctl get` print in columns. A row tells part of an object: `Resource.untold` names what it does
 * not, and a finding says which command would.
 */
export function readTables(text: string, file: string, origins: OriginTable): TableFile {
  const dump = dumpLines(text, file);
  const findings = dumpFindings(file, dump.findings);
  const fileNumber = originFile(origins, file);
  const resources: Resource[] = [];
  const { tables, others } = columnTables(dump.lines);
  for (const { number, text: line } of others) {
    findings.add("unknown-line", "warning", number, `Not understood: ${quote(line)}.`, {
      expected: "the heading of a table",
    });
  }
  for (const table of tables) {
    const headings = new Set(table.headings);
    const reader = READERS.find(({ columns }) => columns.every((column) => headings.has(column)));
    if (reader === undefined) {
      findings.add("table-not-enough", "info", table.number, `Nothing is read from this table (${notRead(table)}).`, {
        advice: "The same command with -o yaml tells what the objects hold.",
      });
      continue;
    }
    for (const { number, text: line } of table.misfits) {
      findings.add("unknown-line", "warning", number, `The row does not fit its heading: ${quote(line)}.`, {
        expected: table.headings.join(", "),
      });
    }
    const untold = reader.untold(headings);
    const untoldSet = new Set(untold);
    const cuts: string[] = [];
    let assumed = 0;
    for (const row of table.rows) {
      const object = reader.read(row);
      if ("problem" in object) {
        findings.add("unknown-line", "warning", row.number, `No ${reader.kind}: ${object.problem}.`);
        continue;
      }
      if (reader.namespaced && object.namespace === null) assumed++;
      const namespace = reader.namespaced ? (object.namespace ?? "default") : null;
      const { labels, cut, terminating, ...content } = object.content;
      if (cut === true) cuts.push(object.name);
      const whole = {
        apiVersion: reader.apiVersion,
        kind: reader.kind,
        metadata: {
          name: object.name,
          ...(namespace === null ? {} : { namespace }),
          ...(labels ? { labels } : {}),
          ...(terminating === true ? { deletionTimestamp: "" } : {}),
        },
        ...content,
      };
      const described = `${reader.kind} ${namespace === null ? "" : `${namespace}/`}${object.name}`;
      const origin = originOfResource(origins, fileNumber, row.number, described, "");
      resources.push({
        file,
        metadata: readMetadata(topField(whole), origin),
        content: whole,
        untold: untoldSet,
        locate: () => ({ line: row.number, column: 1 }),
      });
    }
    if (table.rows.length > 0) {
      findings.add(
        "partial-objects",
        "info",
        table.number,
        `A table tells a part of each ${reader.kind}; it does not tell ${untold.join(", ")}.`,
        { advice: "-o yaml tells all of it." },
      );
    }
    if (cuts.length > 0) {
      findings.add(
        "cut-list",
        "warning",
        table.number,
        `The list of ${cuts.slice(0, 5).join(", ")}${cuts.length > 5 ? ` and ${cuts.length - 5} more` : ""} is cut short in the table.`,
        { advice: "-o yaml has all of it." },
      );
    }
    if (assumed > 0) {
      findings.add(
        "namespace-assumed",
        "info",
        table.number,
        "The table has no column NAMESPACE; its objects are taken for those of namespace default.",
        { advice: "Ask with -A, or with -o yaml." },
      );
    }
  }
  return { resources, findings: findings.list() };
}

function notRead(table: ColumnTable): string {
  return `${table.headings.join(", ")}; ${table.rows.length} row${table.rows.length === 1 ? "" : "s"}`;
}
