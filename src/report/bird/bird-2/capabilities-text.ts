import { AFI_IPV4, AFI_IPV6, type Capability, SAFI_UNICAST } from "../../../bgp/messages/capability.ts";
import { FORWARDING, RESTARTED } from "../../../bgp/speaker/open-channels.ts";

interface AddressFamily {
  readonly afi: number;
  readonly safi: number;
}

/** What `show protocols all` says of the capabilities of an OPEN (bgp_show_capabilities of BIRD 2.0.12). */
export function capabilitiesText(capabilities: readonly Capability[]): readonly string[] {
  const lines: string[] = [];
  const has = (kind: Capability["kind"]): boolean => capabilities.some((item) => item.kind === kind);
  const all = <K extends Capability["kind"]>(kind: K) =>
    capabilities.filter((item): item is Capability & { kind: K } => item.kind === kind);
  const add = (name: string, value = ""): void => {
    lines.push(`      ${name}${value}`);
  };
  const announced = all("multiprotocol");
  if (announced.length > 0) {
    add("Multiprotocol");
    add("  AF announced:", families(announced));
  }
  if (has("route-refresh")) add("Route refresh");
  const extended = all("extended-next-hop").flatMap((item) => item.families);
  if (extended.length > 0) {
    add("Extended next hop");
    add("  IPv6 nexthop:", families(extended));
  }
  if (has("extended-message")) add("Extended message");
  const [restart] = all("graceful-restart");
  if (restart !== undefined) {
    add("Graceful restart");
    if (restart.families.length > 0) {
      add("  Restart time: ", String(restart.time));
      if ((restart.flags & RESTARTED) !== 0) add("  Restart recovery");
      add("  AF supported:", families(restart.families));
      add("  AF preserved:", families(restart.families.filter(({ flags }) => (flags & FORWARDING) !== 0)));
    }
  }
  if (has("as4")) add("4-octet AS numbers");
  const paths = all("add-path").flatMap((item) => item.families);
  if (paths.length > 0) {
    add("ADD-PATH");
    add("  RX:", families(paths.filter(({ mode }) => (mode & 1) !== 0)));
    add("  TX:", families(paths.filter(({ mode }) => (mode & 2) !== 0)));
  }
  if (has("enhanced-refresh")) add("Enhanced refresh");
  // without the other one it is passed over
  const [long] = restart === undefined ? [] : all("long-lived-graceful-restart");
  if (long !== undefined) {
    add("Long-lived graceful restart");
    if (long.families.length > 0) {
      add("  LL stale time: ", String(Math.max(...long.families.map(({ time }) => time))));
      add("  AF supported:", families(long.families.filter(({ time }) => time > 0)));
      add("  AF preserved:", families(long.families.filter(({ flags }) => (flags & FORWARDING) !== 0)));
    }
  }
  return lines;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [AFI_IPV4, "ipv4"],
  [AFI_IPV6, "ipv6"],
]);

/** bgp_show_afis() */
function families(list: readonly AddressFamily[]): string {
  return list
    .map(({ afi, safi }) => ` ${safi === SAFI_UNICAST ? (NAMES.get(afi) ?? `<${afi}/${safi}>`) : `<${afi}/${safi}>`}`)
    .join("");
}
