import type { IpSet, SetElement, SetMember, SetSkbInfo } from "../../model/ip-set.ts";
import { formatAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { formatProtocol, ICMP } from "../../net/protocol.ts";
import { formatIcmpCode } from "./icmp-names.ts";
import { type Dimension, type SetShape, setShape } from "./set-type.ts";

/**
 * A set as `ipset save` prints it (ipset 7.17): the create line, then one line a member, in the model's order.
 */
export function printIpSet(set: IpSet): string {
  const hasFamily = set.family !== null && set.type.startsWith("hash:");
  const create = [
    "create",
    set.name,
    set.type,
    ...(hasFamily ? ["family", set.family === 6 ? "inet6" : "inet"] : []),
    ...(set.header === "" ? [] : [set.header]),
  ].join(" ");
  const shape = setShape(set.type, set.header);
  return [create, ...set.members.map((member) => `add ${set.name} ${printMember(member, shape)}`)].join("\n");
}

/** A member as `ipset save` prints it. */
export function printMember(member: SetMember, shape: SetShape | null): string {
  const elements = member.elements.map((element, i) => printElement(element, shape?.dimensions[i] ?? "net")).join(",");
  const timed = member.timeout !== null || shape?.timeouts === true;
  const words = timed ? [elements, `timeout ${member.timeout ?? 0}`] : [elements];
  if (member.nomatch) words.push("nomatch");
  if (member.elements.some((element) => element.kind === "interface" && element.wildcard === true))
    words.push("wildcard");
  if (member.counters !== undefined) words.push(`packets ${member.counters.packets} bytes ${member.counters.bytes}`);
  if (member.comment !== undefined) words.push(`comment "${member.comment}"`);
  if (member.skbInfo !== undefined) words.push(...printSkbInfo(member.skbInfo));
  return words.join(" ");
}

function printSkbInfo({ mark, priority, queue }: SetSkbInfo): readonly string[] {
  const words: string[] = [];
  const hex = (value: number): string => `0x${value.toString(16)}`;
  if (mark.mask !== 0 || mark.value !== 0)
    words.push(`skbmark ${hex(mark.value)}${mark.mask === 0xffffffff ? "" : `/${hex(mark.mask)}`}`);
  if (priority !== null) words.push(`skbprio ${priority}`);
  if (queue !== null) words.push(`skbqueue ${queue}`);
  return words;
}

function printElement(element: SetElement, dimension: Dimension): string {
  switch (element.kind) {
    case "net": {
      const { address, length } = element.prefix;
      // With `netmask` the network is printed as its address alone.
      const bare = dimension === "ip" || length === addressBits(address.family);
      return bare ? formatAddress(address) : `${formatAddress(address)}/${length}`;
    }
    case "range":
      return `${formatAddress(element.first)}-${formatAddress(element.last)}`;
    case "port": {
      const ports = element.first === element.last ? `${element.first}` : `${element.first}-${element.last}`;
      return element.protocol === null ? ports : `${formatProtocol(element.protocol)}:${ports}`;
    }
    case "icmp":
      return `${formatProtocol(element.protocol)}:${formatIcmpCode(element, element.protocol === ICMP ? 4 : 6)}`;
    case "mac":
      return element.mac.toUpperCase();
    case "interface":
      return element.physdev ? `physdev:${element.name}` : element.name;
    case "mark":
      return `0x${element.mark.toString(16).padStart(8, "0")}`;
    case "set":
      return element.name;
  }
}
