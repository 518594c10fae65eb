import { FONT_SIZE } from "./measure.ts";
import { BACK, BOX_COLOURS, coloursOf, INK } from "./palette.ts";
import type { Picture, PictureBox, Row } from "./picture.ts";

/** The picture in the DOT language of Graphviz, for whoever wants to lay it out or restyle it. */
export function topologyDot(picture: Picture): string {
  const lines = [
    `digraph ${quoted(picture.title)} {`,
    `  graph [rankdir=TB, compound=true, fontname="monospace", labelloc=t, label=${quoted(titleOf(picture))}];`,
    `  node [shape=box, style="rounded,filled", fontname="monospace", fontsize=${FONT_SIZE}];`,
    '  edge [dir=none, fontname="monospace"];',
    ...picture.boxes.flatMap((box) => (box.inside.length === 0 ? [nodeLine(box, "  ")] : clusterLines(box))),
    ...picture.joints.map((joint) => {
      const { fill, line } = coloursOf(joint);
      return `  ${quoted(joint.id)} [label=${label(joint.rows)}, style=filled, fillcolor="${fill}", color="${line}"];`;
    }),
    ...picture.joints.flatMap((joint) =>
      joint.ends.map((end) => {
        const style = joint.kind === "segment" ? "solid" : "dashed";
        return `  ${quoted(joint.id)} -> ${quoted(end)} [color="${coloursOf(joint).line}", style=${style}];`;
      }),
    ),
    ...legLines(picture),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function titleOf({ title, captions }: Picture): string {
  return [title, ...captions.map(({ text }) => text)].join("\n");
}

/** A quoted ID: in DOT only the quote and the backslash mean something in it. */
function quoted(text: string): string {
  const escaped = text.replaceAll("\0", "\ufffd").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `"${escaped.replaceAll("\n", "\\n")}"`;
}

/** Lines that begin at the left. */
function label(rows: readonly Pick<Row, "text">[]): string {
  return quoted(rows.map(({ text }) => text).join("\u0001"))
    .replaceAll("\u0001", "\\l")
    .replace(/"$/, '\\l"');
}

function nodeLine(box: PictureBox, indent: string): string {
  const { fill, line } = BOX_COLOURS[box.kind];
  const edge = box.onPath ? `color="${INK.path}", penwidth=2.5` : `color="${line}"`;
  return `${indent}${quoted(box.id)} [label=${label([{ text: box.title }, ...box.rows])}, fillcolor="${fill}", ${edge}];`;
}

function clusterLines(box: PictureBox): readonly string[] {
  const { fill, line } = BOX_COLOURS[box.kind];
  return [
    `  subgraph ${quoted(`cluster ${box.id}`)} {`,
    `    graph [label="", style="rounded,filled", fillcolor="${fill}", color="${line}"];`,
    nodeLine(box, "    "),
    ...box.inside.map((pod) => nodeLine(pod, "    ")),
    ...box.inside.map((pod) => `    ${quoted(box.id)} -> ${quoted(pod.id)};`),
    "  }",
  ];
}

function legLines({ legs }: Picture): readonly string[] {
  return legs.flatMap(({ direction, died, hops }) =>
    hops.slice(1).map(({ box }, index) => {
      const isLast = index === hops.length - 2;
      const colour = direction === "forward" ? INK.path : BACK;
      const head = died && isLast ? `arrowhead=obox, label="✗", fontcolor="${INK.bad}"` : "arrowhead=normal";
      return `  ${quoted(hops[index]?.box ?? box)} -> ${quoted(box)} [dir=forward, color="${colour}", penwidth=3, constraint=false, ${head}];`;
    }),
  );
}
