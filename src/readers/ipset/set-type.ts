import { type Address, type Family, parseAddress } from "../../net/address.ts";
import { maskLength } from "../../net/prefix.ts";

/** What one dimension of a set holds. */
export type Dimension = "ip" | "net" | "port" | "mac" | "iface" | "mark" | "set";

/** The parts of a set's type and create options that its members depend on. */
export interface SetShape {
  readonly family: Family | null;
  readonly dimensions: readonly Dimension[];
  /** bitmap:port members are bare ports, hash ones are `protocol:port`. */
  readonly bitmap: boolean;
  /** `netmask`, or a contiguous `bitmask`: addresses of `ip` dimensions stand for networks of this length. */
  readonly netmask: number | null;
  /** A `bitmask` that is no netmask: which bits of `ip` dimensions count. */
  readonly bitmask: Address | null;
  /** Members have timeouts; those without print `timeout 0`. */
  readonly timeouts: boolean;
}

const DIMENSIONS: ReadonlyMap<string, Dimension> = new Map(
  (["ip", "net", "port", "mac", "iface", "mark", "set"] as const).map((name) => [name, name]),
);

/** Types that take `family` (ipset(8)); bitmaps are IPv4. */
function familyOf(type: string, words: readonly string[]): Family | null {
  if (type === "bitmap:ip" || type === "bitmap:ip,mac") return 4;
  if (type === "bitmap:port" || type === "list:set" || type === "hash:mac") return null;
  return optionOf(words, "family") === "inet6" ? 6 : 4;
}

function optionOf(words: readonly string[], name: string): string | null {
  const at = words.indexOf(name);
  return at < 0 ? null : (words[at + 1] ?? null);
}

/** The shape of a set of the given type and create options (`family` among them); null when the type is not known. */
export function setShape(type: string, options: string): SetShape | null {
  const match = /^(bitmap|hash|list):([a-z,]+)$/.exec(type);
  if (match === null) return null;
  const dimensions: Dimension[] = [];
  for (const name of (match[2] ?? "").split(",")) {
    const dimension = DIMENSIONS.get(name);
    if (dimension === undefined) return null;
    dimensions.push(dimension);
  }
  const words = options.split(/\s+/);
  const netmask = optionOf(words, "netmask");
  const bitmask = parseAddress(optionOf(words, "bitmask") ?? "");
  const length = bitmask === null ? null : maskLength(bitmask);
  return {
    family: familyOf(type, words),
    dimensions,
    bitmap: match[1] === "bitmap",
    netmask: netmask === null ? length : Number(netmask),
    bitmask: length === null ? bitmask : null,
    timeouts: words.includes("timeout"),
  };
}

/** Create options without `family` and its value, as IpSet.header has them. */
export function headerOf(options: string): string {
  return options.replace(/(?:^|\s)family\s+\S+/, "").trim();
}
