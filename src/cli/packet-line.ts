import type { LoadedNetwork } from "./loaded-network.ts";

/**
 * Completes a packet's JSON before it is read: a lone dump has one machine, so that `host` may be left out; and the
 * command's own default for `answers`. What is not an object is left to the reader to complain about.
 */
export function packetLine(text: string, loaded: LoadedNetwork, defaults: { readonly answers: boolean }): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text;
  const [onlyHost] = loaded.network.hosts.keys();
  const isReply = Object.hasOwn(value, "replyTo");
  const host = loaded.lone && loaded.network.hosts.size === 1 && !isReply ? { host: onlyHost } : {};
  // A lone dump has no receivers to speak of: what they might answer would only multiply the unknowns.
  const answers = defaults.answers && !loaded.lone;
  return JSON.stringify({ ...host, answers, ...value });
}
