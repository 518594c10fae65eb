import type { ConntrackTemplate } from "../../conntrack/zone.ts";
import { CT_NEW, CT_NONE, CT_UNTRACKED } from "../../skb.ts";
import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** `--zone`, `--zone-orig` or `--zone-reply`; the id is a number or the packet's mark. */
interface ZoneOption {
  readonly direction: "both" | "orig" | "reply";
  readonly id: number | "mark";
}

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly CT: {
      readonly notrack: boolean;
      readonly helper: string | null;
      readonly timeout: string | null;
      /** Names in the kernel's order. */
      readonly ctEvents: readonly string[];
      readonly expEvents: readonly string[];
      readonly zone: ZoneOption | null;
    };
  }
}

/** Event names in the order iptables-save prints them (extensions/libxt_CT.c). */
const CT_EVENTS: readonly string[] = [
  "new",
  "related",
  "destroy",
  "reply",
  "assured",
  "protoinfo",
  "helper",
  "mark",
  "natseqinfo",
  "secmark",
];
const EXP_EVENTS: readonly string[] = ["new"];

const ZONES = [
  ["zone", "both"],
  ["zone-orig", "orig"],
  ["zone-reply", "reply"],
] as const;

/**
 * `-j CT` (net/netfilter/xt_CT.c): how conntrack, which runs later, treats the packet; one that was seen before, or that
 * another CT rule has spoken about, is left alone. What connections a helper expects is a question (`expectation.ts`);
 * a timeout policy is in no dump, and answers say that they rest on its having no effect; the choice of events has none
 * on packets.
 */
export const CT: TargetExtension<"CT"> = {
  options: {
    notrack: { values: 0, negatable: false },
    helper: { values: 1, negatable: false },
    timeout: { values: 1, negatable: false },
    ctevents: { values: 1, negatable: false },
    expevents: { values: 1, negatable: false },
    zone: { values: 1, negatable: false },
    "zone-orig": { values: 1, negatable: false },
    "zone-reply": { values: 1, negatable: false },
  },
  parse(given) {
    const zone = parseZone(given);
    if ("problem" in zone) return zone;
    const ctEvents = parseEvents(givenValue(given, "ctevents"), CT_EVENTS);
    const expEvents = parseEvents(givenValue(given, "expevents"), EXP_EVENTS);
    if (ctEvents === null) return { problem: `expected --ctevents ${CT_EVENTS.join(",")}` };
    if (expEvents === null) return { problem: `expected --expevents ${EXP_EVENTS.join(",")}` };
    return {
      value: {
        notrack: givenOption(given, "notrack") !== undefined,
        helper: givenValue(given, "helper"),
        timeout: givenValue(given, "timeout"),
        ctEvents,
        expEvents,
        zone: zone.value,
      },
    };
  },
  print(options) {
    const { zone } = options;
    return [
      ...(options.notrack ? ["--notrack"] : []),
      ...(options.helper === null ? [] : ["--helper", options.helper]),
      ...(options.timeout === null ? [] : ["--timeout", options.timeout]),
      ...(options.ctEvents.length === 0 ? [] : ["--ctevents", options.ctEvents.join(",")]),
      ...(options.expEvents.length === 0 ? [] : ["--expevents", options.expEvents.join(",")]),
      ...(zone === null ? [] : [zone.direction === "both" ? "--zone" : `--zone-${zone.direction}`, String(zone.id)]),
    ];
  },
  compile(options) {
    const { notrack, zone, helper, timeout } = options;
    const template: ConntrackTemplate = { zone, helper, timeout, rule: options };
    const assumption = timeout === null ? null : `timeout policy ${timeout} set by -j CT makes no difference`;
    return (skb, runtime) => {
      if (skb.connection !== null || skb.ctState !== CT_NONE) return XT_CONTINUE;
      if (notrack) {
        skb.ctState = CT_UNTRACKED;
        return XT_CONTINUE;
      }
      if (assumption !== null) runtime.services.assume(runtime, "connection-timeout-policy", assumption);
      skb.template = template;
      // Matches that run before conntrack see the template, a connection that is new.
      skb.ctState = CT_NEW;
      return XT_CONTINUE;
    };
  },
};

function parseZone(given: readonly GivenOption[]): Parsed<ZoneOption | null> {
  let zone: ZoneOption | null = null;
  for (const [name, direction] of ZONES) {
    const text = givenValue(given, name);
    if (text === null) continue;
    if (zone !== null) return { problem: "one zone only" };
    const number = text === "mark" ? "mark" : parseNumber(text, 0xffff);
    if (number === null) return { problem: `expected --${name} 0-65535 or mark` };
    zone = { direction, id: number };
  }
  return { value: zone };
}

function parseEvents(text: string | null, known: readonly string[]): readonly string[] | null {
  if (text === null) return [];
  const names = text.split(",");
  return names.every((name) => known.includes(name)) ? known.filter((name) => names.includes(name)) : null;
}
