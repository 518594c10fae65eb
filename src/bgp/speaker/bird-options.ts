import type { BirdFilterUse, BirdNumber, BirdOption, BirdSwitch } from "../../model/bird/configuration.ts";
import type { Family } from "../../net/address.ts";

/** Whether it is the channel of a family (BIRD 2). */
export function isChannel(option: BirdOption, family: Family): boolean {
  return option.kind === "channel" && option.channel === `ipv${family}`;
}

/** Families of channels, in the order in which they are first written. */
export function familiesIn(written: readonly BirdOption[]): readonly Family[] {
  const families = written.flatMap((option) => ([4, 6] as const).filter((family) => isChannel(option, family)));
  return [...new Set(families)];
}

type OptionKind = BirdOption["kind"];

/** The last of a kind, which replaces those before. */
export function last<K extends OptionKind>(options: readonly BirdOption[], kind: K): (BirdOption & { kind: K }) | null {
  for (let index = options.length - 1; index >= 0; index--) {
    const option = options[index];
    if (option !== undefined && isKind(option, kind)) return option;
  }
  return null;
}

function isKind<K extends OptionKind>(option: BirdOption, kind: K): option is BirdOption & { kind: K } {
  return option.kind === kind;
}

/** A switch as it was written last. */
export function switched(options: readonly BirdOption[], name: BirdSwitch, otherwise: boolean): boolean {
  let on = otherwise;
  for (const option of options) if (option.kind === "switch" && option.name === name) on = option.on;
  return on;
}

/** A number as it was written last; null: nowhere. */
export function number(options: readonly BirdOption[], name: BirdNumber): number | null {
  let value: number | null = null;
  for (const option of options) if (option.kind === "number" && option.name === name) value = option.value;
  return value;
}

/** What lets routes in or out, as it was written last. */
export function filterUse(
  options: readonly BirdOption[],
  kind: "import" | "export",
  otherwise: BirdFilterUse,
): BirdFilterUse {
  let use = otherwise;
  for (const option of options) if (option.kind === kind) ({ use } = option);
  return use;
}
