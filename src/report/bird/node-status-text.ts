import { shownState } from "../../bgp/speaker/peer.ts";
import type { Speaker } from "../../bgp/speaker/speaker.ts";
import type { Family } from "../../net/address.ts";
import type { BirdClock } from "./clock.ts";
import { info } from "./protocols-text.ts";

const HEADINGS = ["Peer address", "Peer type", "State", "Since", "Info"];
const TYPES: ReadonlyMap<string, string> = new Map([
  ["Mesh", "node-to-node mesh"],
  ["Global", "global"],
  ["Node", "node specific"],
]);

/** Text longer than this goes over several lines of its cell (olekukonko/tablewriter 0.0.5). */
const WIDEST = 30;

/** What `calicoctl node status` prints on a node (calicoctl/commands/node/status.go, v3.29). */
export function nodeStatusText(speakers: readonly Speaker[], clock: BirdClock): string {
  const part = (family: Family): string => {
    const heading = `\nIPv${family} BGP status\n`;
    const rows = speakers
      .filter(({ configuration }) => configuration.family === family)
      .flatMap((speaker) => rowsOf(speaker, clock));
    return `${heading}${rows.length === 0 ? `No IPv${family} peers found.\n` : table(rows)}`;
  };
  return `Calico process is running.\n${part(4)}${part(6)}\n`;
}

/** Peers by their names, as calicoctl takes them apart: a port stays in the address. */
function rowsOf({ peers, configuration }: Speaker, clock: BirdClock): readonly (readonly string[])[] {
  return peers.flatMap((peer) => {
    const [, kind = "", rest = ""] = /^(Global|Node|Mesh)_(.+)$/.exec(peer.configuration.name) ?? [];
    const type = TYPES.get(kind);
    // A line of birdc with fewer than six words is passed over.
    if (type === undefined || shownState(peer) === "Down") return [];
    const address = rest.replaceAll("_", configuration.family === 4 ? "." : ":");
    const words = info(peer).trim().split(/\s+/).join(" ");
    return [[address, type, peer.protocol.state, clock(peer.protocol.since), words]];
  });
}

function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(wrap));
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => Math.max(0, ...(row[column] ?? []).map(({ length }) => length)))),
  );
  // A column with a cell that was wrapped is as wide as a cell may be.
  const wide = widths.map((width, column) => (cells.some((row) => (row[column]?.length ?? 0) > 1) ? WIDEST : width));
  const border = `+${wide.map((width) => "-".repeat(width + 2)).join("+")}+`;
  const head = HEADINGS.map((heading, column) => centred(heading.toUpperCase(), wide[column] ?? 0));
  const lines = cells.flatMap((row) => {
    const height = Math.max(...row.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => {
      const texts = row.map((cell, column) => (cell[line] ?? "").padEnd(wide[column] ?? 0));
      return `| ${texts.join(" | ")} |`;
    });
  });
  return `${[border, `| ${head.join(" | ")} |`, border, ...lines, border].join("\n")}\n`;
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}

function wrap(text: string): readonly string[] {
  if (text.length <= WIDEST) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDEST) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
