import type { Command } from "./command.ts";

/** `conntrack -F`: what is tracked is forgotten, so that the next packet of a connection is NEW again. */
export const conntrack: Command = (words, host) => {
  const options = words.slice(1).map(({ text }) => text);
  if (options.length === 1 && (options[0] === "-F" || options[0] === "--flush")) {
    return { host: { ...host, conntrack: [] }, flushes: "conntrack" };
  }
  return { problem: `“conntrack ${options.join(" ")}” is not understood`, expected: "conntrack -F" };
};
