import fc from "fast-check";
import type { BirdExpression, BirdFilter, BirdStatement } from "../../../src/model/bird/filter.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";

const PLACE = { origin: 0, column: 0 };
const name = fc.constantFrom("net", "bgp_path", "krt_metric", "is_ours", "bgp_test-filter", "x1");
const plainName = fc.constantFrom("net", "bgp_path", "krt_metric", "x1");
const prefix = fc
  .constantFrom("10.0.0.0/8", "192.168.128.0/26", "fd00::/64", "0.0.0.0/0")
  .map((text) => parsePrefix(text) ?? { address: { family: 4 as const, a: 0, b: 0, c: 0, d: 0 }, length: 0 });
const address = fc.constantFrom("10.0.0.1", "fd00::1").map((text) => parseAddress(text));
const operator = fc.constantFrom(
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "~",
  "!~",
  "&&",
  "||",
  "+",
  "-",
  "*",
  "/",
) as fc.Arbitrary<"=" | "~" | "&&" | "+" | "-">;

/** Expressions and filters without places. */
const { statement } = fc.letrec<{ expression: BirdExpression; statement: BirdStatement }>((tie) => {
  const any = tie("expression");
  const number = fc.nat(0xffffffff).map((value): BirdExpression => ({ kind: "number", value, ...PLACE }));
  const named = name.map((one): BirdExpression => ({ kind: "name", name: one, ...PLACE }));
  const member: fc.Arbitrary<BirdExpression> = plainName.map((one) => ({
    kind: "member",
    of: { kind: "name", name: one, ...PLACE },
    member: "len",
    ...PLACE,
  }));
  const call: fc.Arbitrary<BirdExpression> = fc
    .tuple(name, fc.array(any, { maxLength: 2 }))
    .map(([one, given]) => ({ kind: "call", name: one, arguments: given, ...PLACE }));
  const method: fc.Arbitrary<BirdExpression> = fc
    .tuple(plainName, fc.array(any, { maxLength: 2 }))
    .map(([one, given]) => ({
      kind: "method",
      of: { kind: "name", name: one, ...PLACE },
      method: "add",
      arguments: given,
      ...PLACE,
    }));
  const set: fc.Arbitrary<BirdExpression> = fc
    .array(
      fc.oneof(
        fc.tuple(prefix, fc.nat(8), fc.nat(8)).map(([one, low, more]) => ({
          kind: "prefixes" as const,
          prefix: one,
          low,
          high: low + more,
        })),
        prefix.map((value) => ({ kind: "value" as const, value: { kind: "prefix" as const, value, ...PLACE } })),
        fc.tuple(number, number).map(([low, high]) => ({ kind: "range" as const, low, high })),
        fc.tuple(number, number).map(([low, high]) => ({ kind: "tuples" as const, parts: [{ low, high }, null] })),
      ),
      { maxLength: 3 },
    )
    .map((elements) => ({ kind: "set", elements, ...PLACE }));
  const mask: fc.Arbitrary<BirdExpression> = fc
    .array(
      fc.oneof(
        fc.constant({ kind: "any-number-of" as const }),
        fc.constant({ kind: "any" as const }),
        number.map((as) => ({ kind: "as" as const, as })),
        fc.tuple(number, number).map(([low, high]) => ({ kind: "range" as const, low, high })),
      ),
      { maxLength: 4 },
    )
    .map((elements) => ({ kind: "path-mask", elements, ...PLACE }));
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      number,
      named,
      member,
      set,
      mask,
      fc
        .constantFrom("path" as const, "clist" as const, "eclist" as const, "lclist" as const)
        .map((of): BirdExpression => ({ kind: "empty", of, ...PLACE })),
      prefix.map((value): BirdExpression => ({ kind: "prefix", value, ...PLACE })),
      address.map(
        (value): BirdExpression => ({
          kind: "address",
          value: value ?? { family: 4, a: 0, b: 0, c: 0, d: 0 },
          ...PLACE,
        }),
      ),
      fc.stringMatching(/^[a-z*. ]{0,8}$/).map((value): BirdExpression => ({ kind: "string", value, ...PLACE })),
      fc.boolean().map((value): BirdExpression => ({ kind: "boolean", value, ...PLACE })),
      call,
      method,
      any.map((of): BirdExpression => ({ kind: "defined", of, ...PLACE })),
      any.map((of): BirdExpression => ({ kind: "not", of, ...PLACE })),
      fc
        .array(any, { minLength: 2, maxLength: 3 })
        .map((parts): BirdExpression => ({ kind: "tuple", parts, ...PLACE })),
      fc
        .tuple(operator, any, any)
        .map(([one, left, right]): BirdExpression => ({ kind: "binary", operator: one, left, right, ...PLACE })),
    ),
    statement: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(fc.constantFrom("accept" as const, "reject" as const, "error" as const), fc.array(any, { maxLength: 2 }))
        .map(([kind, values]): BirdStatement => ({ kind, values, ...PLACE })),
      fc.tuple(named, any).map(([target, value]): BirdStatement => ({ kind: "assign", target, value, ...PLACE })),
      call.map((one): BirdStatement => ({ kind: "expression", expression: one, ...PLACE })),
      fc.option(any).map((value): BirdStatement => ({ kind: "return", value, ...PLACE })),
      fc
        .array(tie("statement"), { minLength: 1, maxLength: 3 })
        .map((statements): BirdStatement => ({ kind: "block", statements, ...PLACE })),
      fc.tuple(any, fc.array(tie("statement"), { maxLength: 2 }), fc.option(tie("statement"))).map(
        ([condition, statements, otherwise]): BirdStatement => ({
          kind: "if",
          condition,
          // a block, so that an else belongs to it and to no other
          body: { kind: "block", statements, ...PLACE },
          otherwise,
          ...PLACE,
        }),
      ),
    ),
  };
});

export const anyFilter: fc.Arbitrary<BirdFilter> = fc
  .array(statement, { maxLength: 4 })
  .map((body) => ({ name: "f", variables: [{ type: "int", name: "x1" }], body, ...PLACE }));
