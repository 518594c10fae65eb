import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originFile } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";
import type { Family } from "../../net/address.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines } from "../dump-text.ts";
import { isJsonDump, jsonElements } from "../json-fields.ts";
import { isRouteRow, writtenTableRoutes } from "../net-tools/route-table.ts";
import { buildRoute, type RouteContext } from "./route-build.ts";
import { writtenJsonRoute } from "./route-json.ts";
import { writtenTextRoutes } from "./route-text.ts";

export interface RouteDump {
  /** In the order written; of both families where the dump mixes them (`table all` as text). */
  readonly routes: readonly Route[];
  readonly findings: readonly Finding[];
  /** From `route -n` or `netstat -rn`, which leave things out: the routes are what is assumed. */
  readonly lossy: boolean;
  /** False when an entry could not be read, such as one with a masked address: there are other routes than these. */
  readonly complete: boolean;
}

export interface RouteReading {
  /** Family of a `default` that nothing else gives away: 6 for `ip -6 route`. Default 4. */
  readonly family?: Family;
  /** Table of entries that name none: for `ip route show table N`, which does not repeat it. Default main. */
  readonly table?: number;
  /**
   * True for lines as a person gives them to `ip route add`: then an absent scope is what iproute2 would send
   * (ip/iproute.c, iproute_modify). Dumps print every scope but `global`.
   */
  readonly typed?: boolean;
}

/** A table of net-tools has rows among its first lines. */
const HEAD = 100;

/** Reads `ip [-d] [-o] [-4|-6] [-j] route show [table …]`, text or JSON, and what `route -n` and `netstat -rn` print of it. */
export function readRoutes(text: string, file: string, origins: OriginTable, reading: RouteReading = {}): RouteDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const context: RouteContext = {
    family: reading.family ?? 4,
    table: reading.table ?? null,
    typed: reading.typed ?? false,
    origins,
    file: originFile(origins, file),
    findings,
  };
  const routes: Route[] = [];
  const lossy = lines.slice(0, HEAD).some((line) => isRouteRow(line.text));
  const written = isJsonDump(lines)
    ? jsonElements(lines, findings).map((element) => writtenJsonRoute(element, findings))
    : lossy
      ? writtenTableRoutes(lines, findings)
      : writtenTextRoutes(lines, findings);
  for (const entry of written) {
    const route = entry === null ? null : buildRoute(entry, context);
    if (route !== null) routes.push(route);
  }
  const found = findings.list();
  const complete = !found.some(({ code, severity }) => severity === "error" || code === "unreadable-address");
  return { routes, findings: found, lossy, complete };
}
