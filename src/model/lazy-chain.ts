import type { RestoreChain, RestoreRule } from "./restore-table.ts";

/** A chain whose rules are written when somebody looks at them: most chains of a large cluster are met by no packet. */
export function lazyChain(
  name: string,
  write: () => readonly RestoreRule[],
  told: Pick<RestoreChain, "likeness" | "leads"> = {},
): RestoreChain {
  let rules: readonly RestoreRule[] | null = null;
  return {
    ...told,
    name,
    get rules() {
      rules ??= write();
      return rules;
    },
  };
}
