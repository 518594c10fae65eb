import type { SetElement, SetMember, SetSkbInfo } from "../../model/ip-set.ts";
import { type Address, type Family, parseAddress } from "../../net/address.ts";
import { addressBits, maskAddress, parseInterfaceAddress, prefixOf } from "../../net/prefix.ts";
import { hasPorts, ICMP, ICMPV6, TCP } from "../../net/protocol.ts";
import { parseMac } from "../ip/mac.ts";
import { unsigned } from "../ip/names.ts";
import { protocolNumber } from "../protocol-name.ts";
import { parseIcmpCode } from "./icmp-names.ts";
import type { Dimension, SetShape } from "./set-type.ts";

/** A member, or what is wrong with it. */
export type ParsedMember =
  | {
      readonly ok: true;
      readonly member: Omit<SetMember, "origin">;
      /** `-exist`: an equal member that is there gets the options of this one. */
      readonly exist: boolean;
    }
  | { readonly ok: false; readonly problem: string };

const NUMBER = /^\d{1,20}$/;

/** Reads a member with its options, as `ipset save` prints it after `add NAME` and `ipset list` under `Members:`. */
export function parseMember(text: string, shape: SetShape): ParsedMember {
  // A comment is a string in quotes, which blanks and option names may stand in.
  const quoted = / comment "([^"]*)"/.exec(text);
  const bare = quoted === null ? text : text.replace(quoted[0], "");
  const words = bare.trim().split(/\s+/);
  let elements = parseElements(words[0] ?? "", shape);
  if (elements === null) return { ok: false, problem: `“${words[0] ?? ""}”` };
  let nomatch = false;
  let exist = false;
  let timeout: number | null = null;
  let comment = quoted?.[1];
  const counters: { packets?: number; bytes?: number } = {};
  const skb: { mark?: SetSkbInfo["mark"]; priority?: string; queue?: number } = {};
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? "";
    const bad = (): ParsedMember => ({ ok: false, problem: `${word} ${words[i] ?? ""}` });
    switch (word) {
      case "nomatch":
        nomatch = true;
        continue;
      case "wildcard":
        elements = elements.map((element) => (element.kind === "interface" ? { ...element, wildcard: true } : element));
        continue;
      case "timeout": {
        const seconds = unsigned(words[++i] ?? "", 0xffffffff);
        if (seconds === null) return { ok: false, problem: "a timeout without a number" };
        timeout = seconds === 0 ? null : seconds;
        continue;
      }
      case "packets":
      case "bytes": {
        const count = words[++i] ?? "";
        if (!NUMBER.test(count)) return bad();
        counters[word] = Number(count);
        continue;
      }
      case "skbmark": {
        const mark = parseSkbMark(words[++i] ?? "");
        if (mark === null) return bad();
        skb.mark = mark;
        continue;
      }
      case "skbprio": {
        const priority = words[++i] ?? "";
        if (!/^[\da-f]{1,4}:[\da-f]{1,4}$/i.test(priority)) return bad();
        skb.priority = priority;
        continue;
      }
      case "skbqueue": {
        const queue = unsigned(words[++i] ?? "", 0xffff);
        if (queue === null) return bad();
        skb.queue = queue;
        continue;
      }
      case "-exist":
      case "--exist":
      case "-!":
        exist = true;
        continue;
      case "comment":
        comment = words[++i] ?? "";
        continue;
      case "before":
      case "after":
        return { ok: false, problem: `the order “${word} ${words[i + 1] ?? ""}”` };
      default:
        return { ok: false, problem: `the option “${word}”` };
    }
  }
  const { packets, bytes } = counters;
  const { mark, priority, queue } = skb;
  const hasInfo = mark !== undefined || priority !== undefined || queue !== undefined;
  const skbInfo = { mark: mark ?? { value: 0, mask: 0 }, priority: priority ?? null, queue: queue ?? null };
  return {
    ok: true,
    exist,
    member: {
      elements,
      nomatch,
      timeout,
      ...(packets === undefined && bytes === undefined
        ? {}
        : { counters: { packets: packets ?? 0, bytes: bytes ?? 0 } }),
      ...(comment === undefined ? {} : { comment }),
      ...(hasInfo ? { skbInfo } : {}),
    },
  };
}

/** `value` or `value/mask`, in any base; without a mask all bits count. */
function parseSkbMark(text: string): SetSkbInfo["mark"] | null {
  const [value = "", mask] = text.split("/");
  const number = unsigned(value, 0xffffffff);
  const bits = mask === undefined ? 0xffffffff : unsigned(mask, 0xffffffff);
  return number === null || bits === null ? null : { value: number, mask: bits };
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
      return masked(parseNet(text, shape.family ?? 4, shape.netmask), shape.bitmask);
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

/** An address of a set with a `bitmask` stands for all that agree with it in those bits. */
function masked(element: SetElement | null, bitmask: Address | null): SetElement | null {
  if (bitmask === null || element?.kind !== "net") return element;
  const { address, length } = element.prefix;
  return { kind: "net", prefix: { address: maskAddress(address, bitmask), length } };
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
