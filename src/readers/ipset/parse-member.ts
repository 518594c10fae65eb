import type { SetElement, SetMember } from "../../model/ip-set.ts";
import { type Family, parseAddress } from "../../net/address.ts";
import { addressBits, parseInterfaceAddress, prefixOf } from "../../net/prefix.ts";
import { hasPorts, ICMP, ICMPV6, TCP } from "../../net/protocol.ts";
import { parseMac } from "../ip/mac.ts";
import { unsigned } from "../ip/names.ts";
import { protocolNumber } from "../protocol-name.ts";
import { parseIcmpCode } from "./icmp-names.ts";
import type { Dimension, SetShape } from "./set-type.ts";

/** A member, or what is wrong with it. */
export type ParsedMember =
  | { readonly ok: true; readonly member: Omit<SetMember, "origin">; readonly ignored: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/** Options after the member that say nothing about what matches. `comment` is not among them: its value has blanks. */
const VALUED: ReadonlySet<string> = new Set(["packets", "bytes", "skbmark", "skbprio", "skbqueue"]);

/** Reads a member with its options, as `ipset save` prints it after `add NAME` and `ipset list` under `Members:`. */
export function parseMember(text: string, shape: SetShape): ParsedMember {
  const comment = text.indexOf(' comment "');
  const words = (comment < 0 ? text : text.slice(0, comment)).trim().split(/\s+/);
  const elements = parseElements(words[0] ?? "", shape);
  if (elements === null) return { ok: false, problem: `“${words[0] ?? ""}”` };
  let nomatch = false;
  let timeout: number | null = null;
  const ignored: string[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word === "nomatch") nomatch = true;
    else if (word === "timeout") {
      const seconds = unsigned(words[++i] ?? "", 0xffffffff);
      if (seconds === null) return { ok: false, problem: "a timeout without a number" };
      timeout = seconds === 0 ? null : seconds;
    } else if (VALUED.has(word)) {
      if (word.startsWith("skb")) ignored.push(word);
      i++;
    } else if (word === "comment") {
      // A comment without quotes is one word.
      i++;
    } else if (word === "before" || word === "after")
      return { ok: false, problem: `the order “${word} ${words[i + 1] ?? ""}”` };
    else return { ok: false, problem: `the option “${word}”` };
  }
  return { ok: true, member: { elements, nomatch, timeout }, ignored };
}

function parseElements(text: string, shape: SetShape): readonly SetElement[] | null {
  const parts = text.split(",");
  const { dimensions } = shape;
  // bitmap:ip,mac keeps addresses whose MAC is to be learned from the first packet.
  if (parts.length > dimensions.length || parts.length < (shape.bitmap ? 1 : dimensions.length)) return null;
  const elements: SetElement[] = [];
  for (let i = 0; i < parts.length; i++) {
    const dimension = dimensions[i];
    const element = dimension === undefined ? null : parseElement(parts[i] ?? "", dimension, shape);
    if (element === null) return null;
    elements.push(element);
  }
  return elements;
}

function parseElement(text: string, dimension: Dimension, shape: SetShape): SetElement | null {
  switch (dimension) {
    case "ip":
      return parseNet(text, shape.family ?? 4, shape.netmask);
    case "net":
      return parseNet(text, shape.family ?? 4, null);
    case "port":
      return parsePort(text, shape);
    case "mac": {
      const mac = parseMac(text);
      return mac === null ? null : { kind: "mac", mac };
    }
    case "iface": {
      const physdev = text.startsWith("physdev:");
      const name = physdev ? text.slice("physdev:".length) : text;
      return name === "" ? null : { kind: "interface", name, physdev };
    }
    case "mark": {
      const mark = unsigned(text, 0xffffffff);
      return mark === null ? null : { kind: "mark", mark };
    }
    case "set":
      return text === "" ? null : { kind: "set", name: text };
  }
}

/** An address, `address/length`, or `first-last`. With a netmask an address stands for its network. */
function parseNet(text: string, family: Family, netmask: number | null): SetElement | null {
  const dash = text.indexOf("-");
  if (dash > 0) {
    const first = parseAddress(text.slice(0, dash));
    const last = parseAddress(text.slice(dash + 1));
    if (first === null || last === null || first.family !== family || last.family !== family) return null;
    return { kind: "range", first, last };
  }
  const parsed = parseInterfaceAddress(text);
  if (parsed === null || parsed.address.family !== family) return null;
  const length = Math.min(parsed.length, netmask ?? addressBits(family));
  return { kind: "net", prefix: prefixOf(parsed.address, length) };
}

/** `[protocol:]port[-port]`, `icmp:type`, or `protocol:0` for protocols without ports. */
function parsePort(text: string, shape: SetShape): SetElement | null {
  const colon = text.indexOf(":");
  const protocol = colon < 0 ? (shape.bitmap ? null : TCP) : protocolNumber(text.slice(0, colon));
  if (colon >= 0 && protocol === null) return null;
  const rest = text.slice(colon + 1);
  if (protocol === ICMP || protocol === ICMPV6) {
    const code = parseIcmpCode(rest, protocol === ICMP ? 4 : 6);
    return code === null ? null : { kind: "icmp", protocol, ...code };
  }
  const [low = "", high = low] = rest.split("-");
  const first = unsigned(low, 65535);
  const last = unsigned(high, 65535);
  if (first === null || last === null) return null;
  if (protocol !== null && !hasPorts(protocol) && (first !== 0 || last !== 0)) return null;
  return { kind: "port", protocol, first, last };
}
