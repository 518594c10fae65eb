import type { TargetExtension } from "../extension.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** Flags in the order iptables-save prints them. */
const FLAGS = ["log-tcp-sequence", "log-tcp-options", "log-ip-options", "log-uid", "log-macdecode"] as const;

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly LOG: {
      readonly prefix: string;
      /** Syslog level, 0 to 7. */
      readonly level: number;
      /** Names of the flags given, without dashes. */
      readonly flags: readonly string[];
    };
  }
}

/** Names of syslog levels (extensions/libxt_LOG.c). */
const LEVELS: Readonly<Record<string, number>> = {
  alert: 1,
  crit: 2,
  debug: 7,
  emerg: 0,
  error: 3,
  info: 6,
  notice: 5,
  panic: 0,
  warning: 4,
};

const DEFAULT_LEVEL = 4;
/** The kernel keeps 29 characters (`struct xt_log_info`); the tool cuts the rest off. */
const PREFIX_LENGTH = 29;

/** `-j LOG`: writes to the kernel log and goes on (net/netfilter/xt_LOG.c). */
export const LOG: TargetExtension<"LOG"> = {
  options: {
    "log-prefix": { values: 1, negatable: false },
    "log-level": { values: 1, negatable: false },
    ...Object.fromEntries(FLAGS.map((flag) => [flag, { values: 0, negatable: false }])),
  },
  parse(given) {
    const text = givenValue(given, "log-level");
    const level = text === null ? DEFAULT_LEVEL : /^\d$/.test(text) ? Number(text) : LEVELS[text];
    if (level === undefined || level > 7) return { problem: "expected --log-level 0-7 or a syslog name" };
    const written = givenValue(given, "log-prefix");
    if (written === "") return { problem: "--log-prefix is empty" };
    const prefix = written?.slice(0, PREFIX_LENGTH) ?? "";
    return { value: { prefix, level, flags: FLAGS.filter((flag) => givenOption(given, flag) !== undefined) } };
  },
  print: (options) => [
    ...(options.prefix === "" ? [] : ["--log-prefix", options.prefix]),
    ...(options.level === DEFAULT_LEVEL ? [] : ["--log-level", String(options.level)]),
    ...options.flags.map((flag) => `--${flag}`),
  ],
  compile: () => () => XT_CONTINUE,
};
