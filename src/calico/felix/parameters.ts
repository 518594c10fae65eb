import { isRecord } from "../../kubernetes/field.ts";
import type { Origin } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, parsePrefix } from "../../net/prefix.ts";
import { FELIX_ENVIRONMENT } from "../calico-node-environment.ts";
import type { FelixConfiguration } from "../felix-configuration.ts";
import type { FailsafePort } from "./felix-settings.ts";

/** A value that Felix does not take; its default counts. */
export interface RefusedParameter {
  readonly origin: Origin;
  readonly name: string;
  readonly found: string;
  readonly expected: string;
}

/** The parameters of Felix on one node, by the names that FelixConfiguration has for them. */
export interface FelixParameters {
  flag(name: string, fallback: boolean): boolean;
  /** Case does not count. */
  choice<T extends string>(name: string, values: readonly T[], fallback: T): T;
  number(name: string, lowest: number, highest: number, fallback: number): number;
  /** Null where nothing usable is written. */
  text(name: string, pattern: RegExp, expected: string): string | null;
  optionalFlag(name: string): boolean | null;
  nets(name: string): readonly Prefix[];
  failsafes(name: string, fallback: readonly FailsafePort[]): readonly FailsafePort[];
  readonly refused: readonly RefusedParameter[];
  /** The resource that a parameter comes from; null where none says it. */
  originOf(name: string): Origin | null;
}

const TRUE = /^(?:true|1|yes|y|t)$/i;
const FALSE = /^(?:false|0|no|n|f)$/i;
const HIGHEST_PORT = 65_535;

function failsafe(value: unknown): FailsafePort | null {
  if (!isRecord(value)) return null;
  const { port, net } = value;
  const protocol = String(value["protocol"] ?? "tcp").toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp" && protocol !== "sctp") return null;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > HIGHEST_PORT) return null;
  if (net === undefined || net === "") return { protocol, port, net: null };
  const prefix = typeof net === "string" ? parsePrefix(net) : null;
  return prefix === null ? null : { protocol, port, net: formatPrefix(prefix) };
}

/**
 * What the environment of calico-node says goes before the FelixConfiguration of the node, and that before `default`
 * (felix/config/config_params.go). A value that Felix does not know is told, and its default counts.
 */
export function felixParameters(
  configurations: ReadonlyMap<string, FelixConfiguration>,
  node: string,
): FelixParameters {
  const own = [FELIX_ENVIRONMENT, `node.${node}`, "default"].flatMap((name) => configurations.get(name) ?? []);
  const refused: RefusedParameter[] = [];
  const holder = (name: string): FelixConfiguration | undefined =>
    own.find(({ spec }) => spec.get(name) !== undefined && spec.get(name) !== null);
  const value = (name: string): unknown => holder(name)?.spec.get(name);
  const refuse = (name: string, expected: string): void => {
    const from = holder(name);
    if (from === undefined) return;
    const found = JSON.stringify(value(name)) ?? "";
    refused.push({ origin: from.metadata.origin, name, found, expected });
  };
  const optionalFlag = (name: string): boolean | null => {
    const written = value(name);
    if (written === undefined) return null;
    const word = String(written);
    if (TRUE.test(word)) return true;
    if (!FALSE.test(word)) refuse(name, "true or false");
    return FALSE.test(word) ? false : null;
  };
  return {
    refused,
    originOf: (name) => holder(name)?.metadata.origin ?? null,
    optionalFlag,
    flag: (name, fallback) => optionalFlag(name) ?? fallback,
    choice: (name, values, fallback) => {
      const written = value(name);
      if (written === undefined || written === "") return fallback;
      const found = values.find((one) => one.toLowerCase() === String(written).toLowerCase());
      if (found === undefined) refuse(name, values.join(" or "));
      return found ?? fallback;
    },
    number: (name, lowest, highest, fallback) => {
      const written = value(name);
      if (written === undefined) return fallback;
      const number = Number(written);
      if (Number.isInteger(number) && number >= lowest && number <= highest) return number;
      refuse(name, `a whole number from ${lowest} to ${highest}`);
      return fallback;
    },
    text: (name, pattern, expected) => {
      const written = value(name);
      if (written === undefined || written === "") return null;
      if (pattern.test(String(written))) return String(written);
      refuse(name, expected);
      return null;
    },
    nets: (name) => {
      const written = value(name);
      if (!Array.isArray(written)) return [];
      return written.flatMap((net: unknown) => {
        const text = String(net);
        const prefix = parsePrefix(text) ?? (parseAddress(text) === null ? null : parsePrefix(`${text}/32`));
        if (prefix === null) refuse(name, "a list of CIDR blocks");
        return prefix ?? [];
      });
    },
    failsafes: (name, fallback) => {
      const written = value(name);
      if (!Array.isArray(written)) return fallback;
      const ports = written.map(failsafe);
      if (!ports.includes(null)) return ports.flatMap((port) => port ?? []);
      refuse(name, "a list of protocol, port and net");
      return fallback;
    },
  };
}
