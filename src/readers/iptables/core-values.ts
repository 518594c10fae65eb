import type { AddressSelector, Rule } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { parseProtocol } from "../../net/protocol.ts";
import { parseSelector, selectsAll } from "./selectors.ts";
import { protocolPart } from "./shared-parts.ts";

/** IFNAMSIZ less the final NUL. */
const INTERFACE_NAME_LENGTH = 15;

/** What is wrong with the value of an option. */
export interface WrongValue {
  readonly message: string;
  readonly expected: string;
  readonly advice?: string;
}

export type CoreValue<T> = { readonly value: T } | WrongValue;

/** The values of `-s` and `-d`: each address of a list; null for one that takes all. */
export function readAddresses(
  option: string,
  text: string,
  family: Family,
  invert: boolean,
): CoreValue<readonly (AddressSelector | null)[]> {
  const parts = text.split(",");
  if (invert && parts.length > 1) {
    return { message: `A list of addresses after ! ${option}`, expected: "one address: iptables refuses lists here" };
  }
  const value: (AddressSelector | null)[] = [];
  for (const part of parts) {
    const selector = parseSelector(part, family, invert);
    if (selector === null) return noAddress(part, family);
    value.push(selectsAll(selector) ? null : selector);
  }
  return { value };
}

function noAddress(part: string, family: Family): WrongValue {
  const name = /^[a-z][\w.-]*$/i.test(part) && !/^[\dx*.]+$/i.test(part);
  return {
    message: name ? `"${part}" is a host name` : `"${part}" is not an IPv${family} address`,
    expected: `IPv${family} addresses with an optional /length or /mask`,
    ...(name ? { advice: "Write the address: iptables resolves names once, when the rule is loaded." } : {}),
  };
}

/** The value of `-i` and `-o`; null for one that takes all. */
export function readInterface(text: string, invert: boolean): CoreValue<Rule["inInterface"]> {
  if (text === "" || text.length > INTERFACE_NAME_LENGTH) {
    return { message: `"${text}" cannot be an interface name`, expected: `1 to ${INTERFACE_NAME_LENGTH} characters` };
  }
  return { value: text === "+" && !invert ? null : { pattern: text, invert } };
}

/** The value of `-p`; null for one that takes all. */
export function readProtocol(text: string, invert: boolean): CoreValue<Rule["protocol"]> {
  const number = text.toLowerCase() === "all" ? 0 : parseProtocol(text);
  if (number === null) {
    return { message: `Unknown protocol "${text}"`, expected: "a name of /etc/protocols or a number up to 255" };
  }
  if (number === 0 && invert) return { message: "A rule for no protocol at all", expected: "a protocol after ! -p" };
  return { value: number === 0 ? null : protocolPart(number, invert) };
}
