import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";
import type { Family } from "../../net/address.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines } from "../dump-text.ts";
import { isJsonDump, jsonElements } from "../json-fields.ts";
import { isRouteRow, writtenTableRoutes } from "../net-tools/route-table.ts";
import { type KnownRoutes, rememberRoute, routeAgain } from "./known-routes.ts";
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
   * True for lines as a person gives them to `ip route add`: then an absent scope and table are what iproute2 would
   * send (ip/iproute.c, iproute_modify). Dumps print every scope but `global`.
   */
  readonly typed?: boolean;
  /** Routes that dumps of the same family, table and way of writing told; grows with those of this one. */
  readonly known?: KnownRoutes;
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
  if (reading.known !== undefined && isPlainText(lines)) {
    readKnownRoutes(lines, context, reading.known, routes);
    return done(routes, findings, false);
  }
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
  return done(routes, findings, lossy);
}

function done(routes: readonly Route[], findings: DumpFindings, lossy: boolean): RouteDump {
  const found = findings.list();
  const complete = !found.some(({ code, severity }) => severity === "error" || code === "unreadable-address");
  return { routes, findings: found, lossy, complete };
}

function isPlainText(lines: readonly DumpLine[]): boolean {
  return !isJsonDump(lines) && !lines.slice(0, HEAD).some((line) => isRouteRow(line.text));
}

/** Text of which lines may be known: those are not read again. */
function readKnownRoutes(lines: readonly DumpLine[], context: RouteContext, known: KnownRoutes, routes: Route[]): void {
  let complaints = 0;
  const findings: DumpFindings = {
    add(...finding) {
      complaints++;
      context.findings.add(...finding);
    },
    once(...finding) {
      complaints++;
      context.findings.once(...finding);
    },
    list: () => context.findings.list(),
  };
  const counting: RouteContext = { ...context, findings };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    if (line === undefined) break;
    let end = at + 1;
    while (isMoreOfRoute(lines[end]?.text)) end++;
    const again = end === at + 1 ? known.get(line.text) : undefined;
    if (again !== undefined) routes.push(routeAgain(again, originAt(context.origins, context.file, line.number)));
    else {
      const before = complaints;
      const read = writtenTextRoutes(lines.slice(at, end), findings).flatMap(
        (written) => buildRoute(written, counting) ?? [],
      );
      append(routes, read);
      const [only] = read;
      if (end === at + 1 && only !== undefined && complaints === before) rememberRoute(known, line.text, only);
    }
    at = end;
  }
}

/** Whether the line belongs to the entry above it. */
function isMoreOfRoute(text: string | undefined): boolean {
  return text !== undefined && /^[\s\\]*(?:nexthop|nh_info|cache)(?:[\s\\]|$)/.test(text);
}
