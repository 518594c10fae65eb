/** Options of iptables itself, by each of their spellings. */
export const CORE_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["-s", "-s"],
  ["--source", "-s"],
  ["--src", "-s"],
  ["-d", "-d"],
  ["--destination", "-d"],
  ["--dst", "-d"],
  ["-i", "-i"],
  ["--in-interface", "-i"],
  ["-o", "-o"],
  ["--out-interface", "-o"],
  ["-p", "-p"],
  ["--protocol", "-p"],
  ["--proto", "-p"],
  ["-f", "-f"],
  ["--fragment", "-f"],
  ["--fragments", "-f"],
  ["-m", "-m"],
  ["--match", "-m"],
  ["-j", "-j"],
  ["--jump", "-j"],
  ["-g", "-g"],
  ["--goto", "-g"],
  ["-c", "-c"],
  ["--set-counters", "-c"],
  ["-4", "-4"],
  ["--ipv4", "-4"],
  ["-6", "-6"],
  ["--ipv6", "-6"],
]);

/** True for words that iptables itself takes as options, whatever extension stands before them. */
export function isCoreOption(word: string): boolean {
  return CORE_OPTIONS.has(word);
}
