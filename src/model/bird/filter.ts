import type { Address } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { Origin } from "../origin.ts";

/** Where something stands in a configuration. */
export interface BirdPlace {
  readonly origin: Origin;
  /** From 1. */
  readonly column: number;
}

export type BirdOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | "&&" | "||" | "+" | "-" | "*" | "/";

/** An expression of BIRD's filter language (filter/config.Y of 1.6 and 2). */
export type BirdExpression = BirdPlace &
  (
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "boolean"; readonly value: boolean }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "address"; readonly value: Address }
    | { readonly kind: "prefix"; readonly value: Prefix }
    /** `(64512, 100)`, `(64512, 1, 2)`: a community or a large community. */
    | { readonly kind: "tuple"; readonly parts: readonly BirdExpression[] }
    /** `[ 10.0.0.0/8{16,24}, 10.1.0.0/16+ ]`. */
    | { readonly kind: "set"; readonly elements: readonly BirdSetElement[] }
    /** `[= 64512 * ? =]`, for `bgp_path ~`. */
    | { readonly kind: "path-mask"; readonly elements: readonly BirdPathMaskElement[] }
    /** `+empty+`, `-empty-`, `--empty--`, `---empty---`. */
    | { readonly kind: "empty"; readonly of: BirdEmpty }
    /** `net`, `bgp_local_pref`, `RTS_BGP`, an argument, a symbol of `define`. */
    | { readonly kind: "name"; readonly name: string }
    /** `net.len`, `bgp_path.first`. */
    | { readonly kind: "member"; readonly of: BirdExpression; readonly member: string }
    | {
        readonly kind: "method";
        readonly of: BirdExpression;
        readonly method: string;
        readonly arguments: BirdArguments;
      }
    | { readonly kind: "call"; readonly name: string; readonly arguments: BirdArguments }
    | { readonly kind: "defined"; readonly of: BirdExpression }
    | { readonly kind: "not" | "negative"; readonly of: BirdExpression }
    | {
        readonly kind: "binary";
        readonly operator: BirdOperator;
        readonly left: BirdExpression;
        readonly right: BirdExpression;
      }
  );

/** What an empty list is of: AS numbers, or communities of three kinds. */
export type BirdEmpty = "path" | "clist" | "eclist" | "lclist";

type BirdArguments = readonly BirdExpression[];

export type BirdSetElement =
  | { readonly kind: "value"; readonly value: BirdExpression }
  | { readonly kind: "range"; readonly low: BirdExpression; readonly high: BirdExpression }
  /** Prefixes of these lengths: `+` is up to the longest, `-` from 0, `{a,b}` as written. */
  | { readonly kind: "prefixes"; readonly prefix: Prefix; readonly low: number; readonly high: number }
  /** `(64512, *)`; null stands for `*`. */
  | { readonly kind: "tuples"; readonly parts: readonly (BirdRange | null)[] };

interface BirdRange {
  readonly low: BirdExpression;
  readonly high: BirdExpression;
}

export type BirdPathMaskElement =
  | { readonly kind: "any-number-of" }
  | { readonly kind: "any" }
  | { readonly kind: "as"; readonly as: BirdExpression }
  | { readonly kind: "range"; readonly low: BirdExpression; readonly high: BirdExpression }
  /** A set of AS numbers, of which one may stand there (BIRD 2). */
  | { readonly kind: "set"; readonly set: BirdExpression };

/** A statement of a filter or function. */
export type BirdStatement = BirdPlace &
  (
    | { readonly kind: "block"; readonly statements: readonly BirdStatement[] }
    | {
        readonly kind: "if";
        readonly condition: BirdExpression;
        readonly body: BirdStatement;
        readonly otherwise: BirdStatement | null;
      }
    /** `krt_tunnel = "tunl0";`. */
    | { readonly kind: "assign"; readonly target: BirdExpression; readonly value: BirdExpression }
    /** `apply_communities();`, `bgp_community.add((1, 2));`: what it returns is not used. */
    | { readonly kind: "expression"; readonly expression: BirdExpression }
    /** Ends the filter; the values are printed before. */
    | { readonly kind: "accept" | "reject" | "error"; readonly values: readonly BirdExpression[] }
    | { readonly kind: "return"; readonly value: BirdExpression | null }
    | { readonly kind: "print"; readonly values: readonly BirdExpression[]; readonly newLine: boolean }
    | { readonly kind: "unset"; readonly attribute: BirdExpression }
    | {
        readonly kind: "case";
        readonly of: BirdExpression;
        readonly branches: readonly {
          /** Null: `else`. */
          readonly values: readonly BirdSetElement[] | null;
          readonly statements: readonly BirdStatement[];
        }[];
      }
    | { readonly kind: "empty" }
  );

/** `bool internal_peer`. */
export interface BirdVariable {
  readonly type: string;
  readonly name: string;
}

export interface BirdFunction extends BirdPlace {
  readonly name: string;
  readonly parameters: readonly BirdVariable[];
  readonly variables: readonly BirdVariable[];
  readonly body: readonly BirdStatement[];
}

/** A named filter; `import filter { … }` has one without a name. */
export interface BirdFilter extends BirdPlace {
  readonly name: string | null;
  readonly variables: readonly BirdVariable[];
  readonly body: readonly BirdStatement[];
}
