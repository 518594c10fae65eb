import { BACK, BOX_COLOURS, coloursOf, INK } from "./palette.ts";
import type { Picture, PictureBox, Row } from "./picture.ts";

/** The picture as a flowchart of Mermaid, which wikis and issue trackers draw. */
export function topologyMermaid(picture: Picture): string {
  const ids = new Map<string, string>();
  const idOf = (id: string): string => {
    const known = ids.get(id) ?? `n${ids.size}`;
    ids.set(id, known);
    return known;
  };
  const edges: string[] = [];
  const styles: string[] = [];
  const boxLines = (box: PictureBox, indent: string): readonly string[] => {
    const { fill, line } = BOX_COLOURS[box.kind];
    const edge = box.onPath ? `stroke:${INK.path},stroke-width:3px` : `stroke:${line}`;
    styles.push(`  style ${idOf(box.id)} fill:${fill},color:${INK.plain},${edge}`);
    const text = label([{ text: box.title }, ...box.rows]);
    if (box.inside.length === 0) return [`${indent}${idOf(box.id)}[${text}]`];
    return [
      `${indent}subgraph ${idOf(`around ${box.id}`)} [" "]`,
      `${indent}  ${idOf(box.id)}[${text}]`,
      ...box.inside.flatMap((pod) => [
        ...boxLines(pod, `${indent}  `),
        `${indent}  ${idOf(box.id)} --- ${idOf(pod.id)}`,
      ]),
      `${indent}end`,
    ];
  };
  const nested = (boxes: readonly PictureBox[]): number => boxes.reduce((sum, { inside }) => sum + inside.length, 0);
  const boxes = picture.boxes.flatMap((box) => boxLines(box, "  "));
  const joints = picture.joints.map((joint) => {
    const { fill, line } = coloursOf(joint);
    styles.push(`  style ${idOf(joint.id)} fill:${fill},color:${INK.plain},stroke:${line}`);
    const [open, close] = joint.kind === "segment" ? ["[", "]"] : ["([", "])"];
    const line2 = joint.kind === "segment" ? "---" : "-.-";
    for (const end of joint.ends) edges.push(`  ${idOf(joint.id)} ${line2} ${idOf(end)}`);
    return `  ${idOf(joint.id)}${open}${label(joint.rows)}${close}`;
  });
  const first = nested(picture.boxes) + edges.length;
  const legs = legEdges(picture, idOf);
  styles.push(...legs.map(({ colour }, index) => `  linkStyle ${first + index} stroke:${colour},stroke-width:4px`));
  const lines = [
    "---",
    `title: ${JSON.stringify([picture.title, ...picture.captions.map(({ text }) => text)].join(" | "))}`,
    "---",
    "flowchart TB",
    ...boxes,
    ...joints,
    ...edges,
    ...legs.map(({ text }) => text),
    ...styles,
  ];
  return `${lines.join("\n")}\n`;
}

/** Quoted text; what Mermaid or HTML could read is written as character entities, in Mermaid's form. */
function label(rows: readonly Pick<Row, "text">[]): string {
  return `"${rows.map(({ text }) => escaped(text)).join("<br/>")}"`;
}

function escaped(text: string): string {
  return text
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/[^\p{L}\p{N} .,:/+()=-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}

function legEdges(
  { legs }: Picture,
  idOf: (id: string) => string,
): readonly { readonly text: string; readonly colour: string }[] {
  return legs.flatMap(({ direction, died, hops }) =>
    hops.slice(1).map(({ box }, index) => {
      const isLast = index === hops.length - 2;
      const arrow = died && isLast ? "--x" : "-->";
      return {
        text: `  ${idOf(hops[index]?.box ?? box)} ${arrow} ${idOf(box)}`,
        colour: direction === "forward" ? INK.path : BACK,
      };
    }),
  );
}
