/** Arguments of `ip route add`: `how` begins with the type, if it has one. */
export function routeLine(to: string, how: string, table = "main"): string {
  const [, type = "", way = ""] = /^(blackhole|unreachable|prohibit|throw|anycast)?\s*(.*)$/.exec(how) ?? [];
  return [type, to, `table ${table}`, way].filter((word) => word !== "").join(" ");
}
