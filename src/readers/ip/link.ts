import type { Finding } from "../../model/finding.ts";
import type { Interface } from "../../model/interface.ts";
import { type OriginTable, sourceOf } from "../../model/origin.ts";
import { type InterfaceDump, readInterfaceDump } from "./interface-build.ts";

/** Reads `ip [-d] [-s] [-o] [-j] link`, text or JSON. The interfaces have no addresses. */
export function readLinks(text: string, file: string, origins: OriginTable): InterfaceDump {
  return readInterfaceDump(text, file, origins);
}

/**
 * One list of interfaces from `ip addr` and `ip link` of the same namespace, by name: addresses come from the first, the rest
 * from the second, unless only the first has details (`-d`). Where the two contradict each other there is a finding: they were
 * not taken at the same time.
 */
export function mergeInterfaces(addresses: InterfaceDump, links: InterfaceDump, origins: OriginTable): InterfaceDump {
  const findings: Finding[] = [...addresses.findings, ...links.findings];
  const linkOf = new Map(links.interfaces.map((link) => [link.name, link]));
  const seen = new Set<string>();
  const interfaces: Interface[] = [];
  const disagree = (about: Interface, message: string): void => {
    const { file, line } = sourceOf(origins, about.origin) ?? {};
    findings.push({
      code: "dump-disagreement",
      severity: "warning",
      message,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
    });
  };
  for (const own of addresses.interfaces) {
    seen.add(own.name);
    const link = linkOf.get(own.name);
    if (link === undefined) {
      disagree(own, `Interface ${own.name} is in the addresses' dump but not in the links' dump.`);
      interfaces.push(own);
      continue;
    }
    const bothDetailed = addresses.detailed.has(own.name) && links.detailed.has(own.name);
    const [better, other] = betterOf(own, link, addresses, links);
    for (const field of FACTS) {
      if (field === "kind" && !bothDetailed) continue;
      if (better[field] !== other[field]) {
        disagree(
          link,
          `${own.name}: ${field} is ${String(link[field])} here, and ${String(own[field])} in the addresses' dump.`,
        );
      }
    }
    interfaces.push({ ...better, addresses: own.addresses });
  }
  for (const link of links.interfaces) {
    if (seen.has(link.name)) continue;
    disagree(
      link,
      `Interface ${link.name} is in the links' dump but not in the addresses' dump: it is taken to have none.`,
    );
    interfaces.push(link);
  }
  return {
    interfaces,
    detailed: new Set([...addresses.detailed, ...links.detailed]),
    namespaces: new Map([...addresses.namespaces, ...links.namespaces]),
    findings,
  };
}

/** What both dumps tell of an interface. */
const FACTS = ["index", "kind", "mac", "mtu", "up", "carrier", "master"] as const;

function betterOf(
  own: Interface,
  link: Interface,
  addresses: InterfaceDump,
  links: InterfaceDump,
): readonly [Interface, Interface] {
  return addresses.detailed.has(own.name) && !links.detailed.has(link.name) ? [own, link] : [link, own];
}
