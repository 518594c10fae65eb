import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import { append } from "../../model/append.ts";
import type { HostPart, Knowledge } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import { once } from "../../model/once.ts";
import { NO_ORIGIN, originTable } from "../../model/origin.ts";
import { type Route, TABLE_LOCAL } from "../../model/route.ts";
import type { Family } from "../../net/address.ts";
import { readRoutes } from "../ip/route.ts";
import { digestRoutes } from "../ip/route-digest.ts";
import type { ChosenFile } from "./choose-files.ts";
import { mergeRoutes } from "./merge-routes.ts";
import { type Chosen, note, type Reading } from "./reading.ts";

/** The routes of `digestRoutes`; null where they are not all that the dumps tell about the same questions. */
export function glimpseRoutes(files: readonly ChosenFile[]): readonly Route[] | null {
  if (!files.some(({ role }) => role.family !== 6)) return null;
  const routes: Route[] = [];
  for (const { role, file } of files) {
    const digest = digestRoutes(file.text);
    if (digest === null) return null;
    const dump = readRoutes(digest, file.path, originTable(), { family: role.family ?? 4 });
    if (dump.findings.length > 0 || dump.lossy || (role.family !== 6 && dump.routes.length === 0)) return null;
    // the lines of the digest are not those of the dump
    for (const route of dump.routes) routes.push({ ...route, origin: NO_ORIGIN });
  }
  return routes;
}

/** Routes as dumped, without repetitions; table local from the addresses where no dump shows it. */
export function readMachineRoutes(
  chosen: Chosen,
  interfaces: ReadonlyMap<string, Interface>,
  sysctls: () => ReadonlyMap<string, string>,
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
): readonly Route[] {
  const dumps = chosen("routes").map(({ role, file }) => {
    const family = role.family ?? 4;
    const dump = readRoutes(file.text, file.path, reading.origins, { family, known: reading.known.routes[family] });
    note(
      reading,
      file,
      dump.lossy ? "route -n" : family === 6 ? "ip -6 route" : "ip route",
      dump.routes.length,
      dump.findings,
    );
    return { family, file, routes: dump.routes, isPart: dump.lossy || !dump.complete };
  });
  const dumped = mergeRoutes(dumps.map((dump) => dump.routes));
  const hasLocal = (family: Family): boolean =>
    dumped.some((route) => route.family === family && route.table === TABLE_LOCAL);
  // `table all` shows both families and table local
  const showsAll = dumps.some((dump) => dump.family === 4) && hasLocal(4);
  const forwards6 = (device: string): boolean =>
    sysctls().get(`net.ipv6.conf.${device.replaceAll(".", "/")}.forwarding`) === "1";
  const derived = once(() => deriveLocalRoutes(interfaces.values(), forwards6));
  const routes: Route[] = [...dumped];
  for (const family of [4, 6] as const) {
    const part: HostPart = family === 4 ? "routes" : "routes6";
    const file = dumps.find((dump) => dump.family === family);
    const uses = [...interfaces.values()].some((device) =>
      device.addresses.some((address) => address.address.family === family && device.kind !== "loopback"),
    );
    const known = file !== undefined || (family === 6 && (showsAll || (interfaces.size > 0 && !uses)));
    if (known && file !== undefined && file.routes.length === 0) {
      const missing = deriveConnectedRoutes(interfaces.values()).find((route) => route.family === family);
      if (missing !== undefined) {
        reading.findings.push({
          code: "empty-file",
          severity: "error",
          message: "There is no route, though the addresses of the interfaces bring some with them.",
          file: file.file.path,
          expected: "the output of ip route",
          advice: "Collect it again; until then the routes count as unknown.",
        });
        knowledge.set(part, "unknown");
      }
    } else if (!known) knowledge.set(part, "unknown");
    else if (file?.isPart === true) knowledge.set(part, "assumed");
    if (hasLocal(family)) continue;
    append(
      routes,
      derived().filter((route) => route.family === family),
    );
    if (knowledge.get(part) === undefined) knowledge.set(part, "derived");
  }
  return routes;
}
