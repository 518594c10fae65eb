import type { TargetExtension } from "../extension.ts";
import {
  PREFIX_OPTIONS,
  type PrefixTranslation,
  parseTranslation,
  printTranslation,
  translate,
} from "./prefix-translation.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SNPT: PrefixTranslation;
  }
}

/**
 * `-j SNPT` (net/ipv6/netfilter/ip6t_NPT.c): stateless translation of the source's IPv6 prefix. The rule's own selectors
 * say which packets have that prefix. A packet with an address that cannot be translated is dropped and answered with a
 * parameter problem.
 */
export const SNPT: TargetExtension<"SNPT"> = {
  options: PREFIX_OPTIONS,
  parse: (given, { family }) => parseTranslation(given, family),
  print: printTranslation,
  compile: (options) => translate(options, "src"),
};
