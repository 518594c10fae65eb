import { once } from "./once.ts";
import { type CommentedRules, type RestoreChain, type RestoreRule, withComments } from "./restore-table.ts";

/** What may be told of a chain without its rules. */
type Told = Pick<RestoreChain, "likeness" | "leads" | "commented">;

/** A chain whose rules are written when somebody looks at them: most chains of a large cluster are met by no packet. */
export function lazyChain(name: string, write: () => readonly RestoreRule[], told: Told = {}): RestoreChain {
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

/** The same of a chain whose rules have comments that are made when somebody reads them. */
export function commentedChain(name: string, write: () => CommentedRules, told: Told = {}): RestoreChain {
  const commented = once(write);
  return lazyChain(name, () => withComments(commented()), { ...told, commented });
}
