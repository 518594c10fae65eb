import type { BirdInterface } from "../../model/evidence.ts";
import type { Origin } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";

/** `eth0 up (index=2)`, the first line of an interface; null for another one. */
export function readInterfaceRow(line: string, origin: Origin): BirdInterface | null {
  const name = /^(\S+) +(?:up|down|DOWN|UP) +\(index=\d+.*\)$/.exec(line)?.[1];
  return name === undefined ? null : { name, mtu: null, addresses: [], origin };
}

/** The interface with what an indented line adds: `Broadcast … MTU=1500`, `10.9.0.1/24 (Primary, scope site)`. */
export function withInterfaceLine(known: BirdInterface, line: string, origin: Origin): BirdInterface {
  const mtu = /^\s+\S.* MTU=(\d+)$/.exec(line)?.[1];
  if (mtu !== undefined) return { ...known, mtu: Number(mtu) };
  const [, text = "", length] = /^\s+([\da-fA-F.:]+)\/(\d+) \(.*scope \w+\)$/.exec(line) ?? [];
  const address = parseAddress(text);
  if (address === null || length === undefined) return known;
  return { ...known, addresses: [...known.addresses, { address, length: Number(length), origin }] };
}
