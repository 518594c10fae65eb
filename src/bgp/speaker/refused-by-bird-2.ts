import type { BirdConfiguration, BirdOption, BirdProtocolConfiguration } from "../../model/bird/configuration.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";

const GREATEST_NUMBER = 0xffff_ffff;

/**
 * Why BIRD 2 does not take a file that reads well, as `bird -p` of 2.0.12 says it: a protocol without a channel that must have one
 * (static_postconfig(), krt_postconfig()), a number of more than 32 bits (cf-lex.l), a filter that is not there. The syntax of BIRD 1.6 has a
 * judge of its own (`readers/bird/refusal`).
 *
 * @param written the options of the protocol, its template's included
 */
export function refusedByBird2(
  { type, origin, column }: BirdProtocolConfiguration,
  written: readonly BirdOption[],
  configuration: BirdConfiguration,
): readonly ConfigurationFault[] {
  const faults: ConfigurationFault[] = [];
  if ((type === "static" || type === "kernel") && written.every(({ kind }) => kind !== "channel")) {
    faults.push({ origin, column, kind: "refused", text: "Channel not specified" });
  }
  for (const option of written.flatMap((one) => (one.kind === "channel" ? [one, ...one.options] : [one]))) {
    const text = refusedOption(option, configuration);
    if (text !== null) faults.push({ origin: option.origin, column: option.column, kind: "refused", text });
  }
  return faults;
}

function refusedOption(option: BirdOption, { filters, leftOut, includes }: BirdConfiguration): string | null {
  if (option.kind === "local" || option.kind === "neighbor")
    return isTooGreat(option.as) ? "Number out of range" : null;
  if (option.kind === "number") return isTooGreat(option.value) ? "Number out of range" : null;
  if (option.kind !== "import" && option.kind !== "export") return null;
  // it may stand in what was not read
  if (option.use.kind !== "named" || leftOut.length > 0 || includes.some(({ found }) => !found)) return null;
  const { name } = option.use;
  return filters.some((filter) => filter.name === name) ? null : `syntax error, unexpected CF_SYM_UNDEFINED: ${name}`;
}

function isTooGreat(value: number | string | null): boolean {
  return typeof value === "number" && value > GREATEST_NUMBER;
}
