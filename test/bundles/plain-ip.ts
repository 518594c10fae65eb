/** What `ip addr` prints of one interface, as `ip -j` has it. */
interface LinkJson {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link_index?: number;
  readonly link?: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly qdisc: string;
  readonly operstate: string;
  readonly group: string;
  readonly txqlen?: number;
  readonly link_type: string;
  readonly address?: string;
  readonly broadcast?: string;
  readonly master?: string;
  readonly link_netnsid?: number;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly broadcast?: string;
    readonly scope: string;
    readonly label?: string;
  }[];
}

interface RouteJson {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
}

/** The lines of `ip addr` or `ip link` without `-d -s`, from its detailed form or from `ip -j`. */
export function plainInterfaces(dump: string, family: 4 | 6 | null = null): string {
  const lines = dump.trimStart().startsWith("[")
    ? (JSON.parse(dump) as LinkJson[]).flatMap(linkLines)
    : dump
        .split("\n")
        .filter((line) => /^\d+: |^\s+(?:link\/|inet6? |valid_lft)/.test(line))
        .map((line) => line.replace(/ promiscuity .*$/, ""));
  return `${(family === null ? lines : ofFamily(lines, family)).join("\n")}\n`;
}

/** `ip -4 addr`: no link-layer lines, and no interfaces without addresses of the family. */
function ofFamily(lines: readonly string[], family: 4 | 6): readonly string[] {
  const word = family === 4 ? "inet " : "inet6 ";
  const kept: string[] = [];
  let head: string | null = null;
  let isOwn = false;
  for (const line of lines) {
    if (/^\d/.test(line)) head = line;
    isOwn = line.trimStart().startsWith(word) || (isOwn && line.includes("valid_lft"));
    if (!isOwn) continue;
    if (head !== null) kept.push(head);
    head = null;
    kept.push(line);
  }
  return kept;
}

function linkLines(link: LinkJson): readonly string[] {
  const peer = link.link_index !== undefined ? `@if${link.link_index}` : link.link !== undefined ? `@${link.link}` : "";
  const master = link.master === undefined ? "" : ` master ${link.master}`;
  const queue = link.txqlen === undefined ? "" : ` qlen ${link.txqlen}`;
  const netns = link.link_netnsid === undefined ? "" : ` link-netnsid ${link.link_netnsid}`;
  return [
    `${link.ifindex}: ${link.ifname}${peer}: <${link.flags.join(",")}> mtu ${link.mtu} qdisc ${link.qdisc}${master} state ${link.operstate} group ${link.group}${queue}`,
    `    link/${link.link_type} ${link.address ?? ""} brd ${link.broadcast ?? ""}${netns}`,
    ...(link.addr_info ?? []).flatMap((one) => [
      `    ${one.family} ${one.local}/${one.prefixlen} ${one.broadcast === undefined ? "" : `brd ${one.broadcast} `}scope ${one.scope} ${one.family === "inet" ? (one.label ?? link.ifname) : ""}`.trimEnd(),
      "       valid_lft forever preferred_lft forever",
    ]),
  ];
}

/** The lines of `ip route`, from text or from `ip -j`. */
export function plainRoutes(dump: string): string {
  if (!dump.trimStart().startsWith("[")) return dump;
  const routes = JSON.parse(dump) as RouteJson[];
  return routes
    .map((route) => {
      const words = [route.type ?? "", route.dst];
      if (route.gateway !== undefined) words.push("via", route.gateway);
      if (route.dev !== undefined) words.push("dev", route.dev);
      if (route.protocol !== undefined) words.push("proto", route.protocol);
      if (route.scope !== undefined) words.push("scope", route.scope);
      if (route.prefsrc !== undefined) words.push("src", route.prefsrc);
      if (route.metric !== undefined) words.push("metric", String(route.metric));
      words.push(...(route.flags ?? []));
      return `${words.filter((word) => word !== "").join(" ")} \n`;
    })
    .join("");
}

/** The lines of `ip rule`, from text or from `ip -j`. */
export function plainRules(dump: string): string {
  if (!dump.trimStart().startsWith("[")) return dump;
  const rules = JSON.parse(dump) as { readonly priority: number; readonly src: string; readonly table: string }[];
  return rules.map(({ priority, src, table }) => `${priority}:\tfrom ${src} lookup ${table}\n`).join("");
}

/** The lines of `ip neigh`, from text or from `ip -j`. */
export function plainNeighbours(dump: string): string {
  if (!dump.trimStart().startsWith("[")) return dump;
  const entries = JSON.parse(dump) as {
    readonly dst: string;
    readonly dev: string;
    readonly lladdr?: string;
    readonly state: readonly string[];
  }[];
  return entries
    .map(
      ({ dst, dev, lladdr, state }) =>
        `${dst} dev ${dev}${lladdr === undefined ? "" : ` lladdr ${lladdr}`} ${state.join(" ")} \n`,
    )
    .join("");
}
