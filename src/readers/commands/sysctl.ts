import { sysctlFact } from "../facts/network-facts.ts";
import type { Command } from "./command.ts";
import { makeTrue } from "./fact-command.ts";

/** `sysctl [-w] KEY=VALUE …`: writes values; what a key sets for every device (`ip_forward`) is set there too. */
export const sysctl: Command = (words, host, context) => {
  const settings = words.slice(1).filter(({ text }) => !/^(?:-w|-q|--write|--quiet)$/.test(text));
  if (settings.length === 0) return { problem: "nothing is written", expected: "sysctl -w net.ipv4.ip_forward=1" };
  let changed = host;
  for (const { text, column } of settings) {
    const found = /^([\w./*-]+)=(.*)$/.exec(text);
    if (found === null) return { problem: `“${text}” writes nothing`, expected: "KEY=VALUE", column };
    // a key may be written with slashes, as in /proc/sys
    const key = found[1]?.includes(".") ? found[1] : (found[1] ?? "").replaceAll("/", ".");
    const result = makeTrue(sysctlFact, `${key} = ${found[2]}`, changed, context);
    if ("problem" in result) return { ...result, column };
    changed = result.host;
  }
  return { host: changed };
};
