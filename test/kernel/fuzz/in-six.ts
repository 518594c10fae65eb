import type { Lab, LabHost, LabInterface } from "../harness/lab.ts";
import type { Arrival, Head, Traffic } from "./traffic.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * Worlds that are written in IPv4, in IPv6: `a.b.c.d` becomes `fd00:aabb:c::d`, a prefix one of the same hosts. What means
 * something by itself becomes what means that in IPv6.
 */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "::"],
  ["127.0.0.1", "::1"],
  ["127.0.0.0", "::1"],
  ["224.0.0.5", "ff02::5"],
  // The gateway of Calico's pods: ee:ee:ee:ee:ee:ee as EUI-64.
  ["169.254.1.1", "fe80::ecee:eeff:feee:eeee"],
]);

function lengthInSix(address: string, length: number): number {
  if (address === "0.0.0.0") return length;
  if (address.startsWith("127.")) return 128;
  return length <= 16 ? length + 16 : length <= 24 ? 32 + (length - 16) * 2 : 96 + length;
}

/** Every IPv4 address and prefix of a text in IPv6. */
export function inSix(text: string): string {
  if (text.endsWith("/255.255.0.255")) return `${inSix(text.replace(/\/.*/, ""))}/ffff:ffff::ff`;
  return text.replaceAll(/(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?/g, (whole, a, b, c, d, length) => {
    const [address = ""] = whole.split("/");
    const hex = (value: string): string => Number(value).toString(16);
    const high = (Number(a) * 256 + Number(b)).toString(16);
    const six = SPECIAL.get(address) ?? `fd00:${high}:${hex(c)}::${d === "0" ? "" : hex(d)}`;
    return length === undefined ? six : `${six}/${lengthInSix(address, Number(length))}`;
  });
}

/** As `harness/router-lab-6.ts` has it. */
const SOFTWARE_CHECKSUMS = { "net.netfilter.nf_conntrack_checksum": "0" };

/** The lab with IPv6 addresses. Every device gets a link-local one, which tells the host and the device by its end. */
export function labInSix(lab: Lab, settings: (host: LabHost) => Readonly<Record<string, string>>): Lab {
  const six = (text: string): string => `-6 ${inSix(text)}`;
  return {
    ...lab,
    hosts: lab.hosts.map((host, position): LabHost => {
      const device = (one: LabInterface, index: number): LabInterface => {
        const own =
          one.mac === "ee:ee:ee:ee:ee:ee" ? "fe80::ecee:eeff:feee:eeee" : `fe80::${(position + 1) * 16 + index}`;
        const addresses = [...(one.addresses ?? []).map(inSix), `${own}/64`];
        const vxlan = one.vxlan === undefined ? {} : { vxlan: { ...one.vxlan, local: inSix(one.vxlan.local ?? "") } };
        return { ...one, addresses, ...vxlan, ...(one.mtu === 1450 ? { mtu: 1430 } : {}) };
      };
      return {
        ...host,
        interfaces: (host.interfaces ?? []).map(device),
        // Of a link-local gateway no route is needed first.
        routes: (host.routes ?? []).filter((text) => !text.startsWith("169.254.")).map(six),
        rules: (host.rules ?? []).map(six),
        neighbours: (host.neighbours ?? []).map(inSix),
        ...(host.fdb === undefined ? {} : { fdb: host.fdb.map(inSix) }),
        sysctls: { ...SOFTWARE_CHECKSUMS, ...settings(host) },
      };
    }),
  };
}

export function wordsInSix(words: Vocabulary): Vocabulary {
  return {
    ...words,
    family: 6,
    prefix: words.prefix.map(inSix),
    network: words.network.map(inSix),
    host: words.host.map(inSix),
    range: words.range.map(inSix),
    dnatTo: words.dnatTo.map(inSix),
    snatTo: words.snatTo.map(inSix),
    netmapDestination: words.netmapDestination.map(inSix),
    netmapSource: words.netmapSource.map(inSix),
  };
}

export function trafficInSix(traffic: Traffic): Traffic {
  const arrival = ({ src, ...from }: Arrival): Arrival => ({
    ...from,
    ...(src === undefined ? {} : { src: inSix(src) }),
  });
  const head = ({ src, dst, ...rest }: Head): Head => ({
    ...rest,
    ...(src === undefined ? {} : { src: inSix(src) }),
    ...(dst === undefined ? {} : { dst: inSix(dst) }),
  });
  return {
    family: 6,
    arrival: traffic.arrival.map(arrival),
    oddArrival: traffic.oddArrival.map(arrival),
    sent: traffic.sent.map(head),
    flowSent: traffic.flowSent.map(head),
    destination: traffic.destination.map(inSix),
    flowDestination: traffic.flowDestination.map(inSix),
    errorArrival: traffic.errorArrival.map(arrival),
    cousin: inSix(traffic.cousin),
  };
}
