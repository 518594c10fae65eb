import { type Arrangement, arrange } from "./arrange.ts";
import type { Point } from "./layers.ts";
import {
  FONT_SIZE,
  fitted,
  PADDING,
  ROW_HEIGHT,
  type SizedBox,
  TITLE_HEIGHT,
  TITLE_SIZE,
  textWidth,
} from "./measure.ts";
import { BACK, BOX_COLOURS, coloursOf, FRAME, INK, JOINT_COLOURS } from "./palette.ts";
import type { Picture, PictureLeg, Row } from "./picture.ts";
import { wrapped } from "./wrapped.ts";
import { xmlText } from "./xml.ts";

const MARGIN = 24;
const HEADING_SIZE = 18;
/** The narrowest picture: captions and the legend need some room. */
const LEAST_WIDTH = 720;
const DEATH = "#9b0c24";

/** The picture as SVG 1.1: self-contained, without scripts, with a title and a description for screen readers. */
export function topologySvg(picture: Picture): string {
  const arrangement = arrange(picture);
  const width = Math.ceil(Math.max(LEAST_WIDTH, arrangement.width));
  const characters = Math.floor((width - 2 * MARGIN) / textWidth("x"));
  const captions = picture.captions.flatMap(({ text, tone }) =>
    wrapped(text, characters).map((line): Row => ({ text: line, tone })),
  );
  const top = MARGIN + HEADING_SIZE + 8 + captions.length * ROW_HEIGHT + 8;
  const legend = legendOf(picture, width, top + arrangement.height + ROW_HEIGHT);
  const height = Math.ceil(top + arrangement.height + legend.height + MARGIN);
  const shift = Math.round((width - arrangement.width) / 2);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_SIZE}">`,
    `<title id="title">Topology of ${xmlText(picture.title)}</title>`,
    `<desc id="desc">${xmlText(descriptionOf(picture))}</desc>`,
    ...markers(picture),
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + HEADING_SIZE}" font-size="${HEADING_SIZE}" font-weight="bold" fill="${INK.plain}">${xmlText(fitted(picture.title))}</text>`,
    ...captions.map((row, index) => textAt(MARGIN, MARGIN + HEADING_SIZE + 8 + (index + 1) * ROW_HEIGHT, row)),
    `<g transform="translate(${shift} ${top})">`,
    ...frameElements(arrangement),
    ...arrangement.lines.map(({ joint, points }) => {
      const { line } = coloursOf(joint);
      const dash = joint.kind === "segment" ? "" : ' stroke-dasharray="6 4"';
      return `<path d="${pathOf(points)}" fill="none" stroke="${line}" stroke-width="1.5"${dash}/>`;
    }),
    ...arrangement.legs.flatMap(({ leg, ways }) => legElements(leg, ways)),
    ...arrangement.joints.flatMap(({ x, y, width: wide, height: high, sized }) => {
      const { fill, line } = coloursOf(sized.joint);
      return [
        `<g><title>${xmlText(sized.joint.rows.map(({ text }) => text).join(", "))}</title>`,
        `<rect x="${place(x)}" y="${place(y)}" width="${wide}" height="${high}" rx="${sized.joint.kind === "segment" ? 3 : 12}" fill="${fill}" stroke="${line}"/>`,
        ...sized.rows.map((row, index) => textAt(x + PADDING, y + 5 + (index + 1) * ROW_HEIGHT - 4, row)),
        "</g>",
      ];
    }),
    ...arrangement.boxes.flatMap(({ x, y, sized }) => boxElements(sized, x, y, sized.width)),
    ...arrangement.legs.flatMap(({ leg, ways }) => deathMarks(leg, ways)),
    "</g>",
    ...legend.elements,
    "</svg>",
  ].join("\n")}\n`;
}

function descriptionOf({ boxes, joints, captions }: Picture): string {
  const names = boxes.map(({ kind, title }) => `${kind} ${title}`.replace(/^(\w+) \1\//, "$1/"));
  const joined = joints.map(({ rows, ends }) => `${rows.map(({ text }) => text).join(", ")}: ${ends.join(", ")}`);
  return [...captions.map(({ text }) => text), `Machines: ${names.join("; ")}`, ...joined].join(". ");
}

/** Whole pixels and tenths. */
function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function textAt(x: number, y: number, { text, tone }: Row): string {
  return `<text x="${place(x)}" y="${place(y)}" fill="${INK[tone]}" xml:space="preserve">${xmlText(text)}</text>`;
}

function boxElements(sized: SizedBox, x: number, y: number, width: number): readonly string[] {
  const { box, title, rows, height, inside } = sized;
  const { fill, line } = BOX_COLOURS[box.kind];
  const died = rows.some(({ text, tone }) => tone === "bad" && text.startsWith("✗"));
  const edge = died ? DEATH : box.onPath ? INK.path : line;
  return [
    `<g><title>${xmlText([box.title, ...box.rows.map(({ text }) => text)].join(", "))}</title>`,
    ...(box.kind === "group"
      ? [
          `<rect x="${place(x + 5)}" y="${place(y - 5)}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${line}"/>`,
        ]
      : []),
    `<rect x="${place(x)}" y="${place(y)}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${edge}" stroke-width="${box.onPath ? 2.5 : 1}"/>`,
    `<text x="${place(x + PADDING)}" y="${place(y + TITLE_HEIGHT - 5)}" font-size="${TITLE_SIZE}" font-weight="bold" fill="${INK.plain}" xml:space="preserve">${xmlText(title)}</text>`,
    ...rows.map((row, index) => textAt(x + PADDING, y + TITLE_HEIGHT + (index + 1) * ROW_HEIGHT - 4, row)),
    ...inside.flatMap((child) => boxElements(child.sized, x + child.x, y + child.y, child.sized.width)),
    "</g>",
  ];
}

function frameElements({ frames }: Arrangement): readonly string[] {
  return frames.flatMap(({ x, y, width, height, joint }) => [
    `<rect x="${place(x)}" y="${place(y)}" width="${place(width)}" height="${place(height)}" rx="10" fill="${FRAME.fill}" stroke="${FRAME.line}" stroke-width="1.5"/>`,
    ...joint.rows.map((row, index) => textAt(x + PADDING, y + 6 + (index + 1) * ROW_HEIGHT, row)),
  ]);
}

function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${place(x)} ${place(y)}`).join(" ");
}

/** So far beside each other run the ways there and back. */
const BESIDE = 7;

function legElements({ direction }: PictureLeg, ways: readonly (readonly Point[])[]): readonly string[] {
  const colour = direction === "forward" ? INK.path : BACK;
  const dash = direction === "forward" ? "" : ' stroke-dasharray="9 4"';
  return ways.map(
    (points) =>
      `<path d="${pathOf(beside(points, direction))}" fill="none" stroke="${colour}" stroke-width="3" stroke-linejoin="round"${dash} marker-end="url(#${direction})"/>`,
  );
}

function beside(points: readonly Point[], direction: PictureLeg["direction"]): readonly Point[] {
  return direction === "forward" ? points : points.map(({ x, y }) => ({ x: x + BESIDE, y }));
}

function deathMarks({ direction, died }: PictureLeg, ways: readonly (readonly Point[])[]): readonly string[] {
  const end = beside(ways.at(-1) ?? [], direction).at(-1);
  return died && end !== undefined ? [deathMark(end)] : [];
}

function deathMark({ x, y }: Point): string {
  const [left, right, up, low] = [x - 4, x + 4, y - 4, y + 4].map(place);
  return `<g><circle cx="${place(x)}" cy="${place(y)}" r="9" fill="${DEATH}" stroke="#ffffff" stroke-width="1.5"/><path d="M${left} ${up} L${right} ${low} M${right} ${up} L${left} ${low}" stroke="#ffffff" stroke-width="2.5"/></g>`;
}

function markers({ legs }: Picture): readonly string[] {
  if (legs.length === 0) return [];
  const marker = (id: string, colour: string): string =>
    `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="4.5" markerHeight="4.5" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="${colour}"/></marker>`;
  return ["<defs>", marker("forward", INK.path), marker("back", BACK), "</defs>"];
}

interface LegendItem {
  readonly text: string;
  readonly swatch: (x: number, y: number) => string;
}

function legendOf(
  picture: Picture,
  width: number,
  top: number,
): { readonly elements: readonly string[]; readonly height: number } {
  const elements: string[] = [];
  let [x, y] = [MARGIN, top];
  for (const { text, swatch } of legendItems(picture)) {
    const needed = 34 + textWidth(text) + 20;
    if (x + needed > width - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + ROW_HEIGHT + 4];
    elements.push(swatch(x, y - 9), textAt(x + 34, y, { text, tone: "faint" }));
    x += needed;
  }
  return { elements, height: y - top + 2 * ROW_HEIGHT };
}

function legendItems({ joints, legs, boxes }: Picture): readonly LegendItem[] {
  const bar =
    ({ fill, line }: { readonly fill: string; readonly line: string }) =>
    (x: number, y: number) =>
      `<rect x="${place(x)}" y="${place(y)}" width="26" height="11" rx="2" fill="${fill}" stroke="${line}"/>`;
  const stroke = (colour: string, dash: string) => (x: number, y: number) =>
    `<path d="M${place(x)} ${place(y + 5)} h26" stroke="${colour}" stroke-width="3"${dash}/>`;
  const has = (colours: (typeof JOINT_COLOURS)[keyof typeof JOINT_COLOURS]): boolean =>
    joints.some((joint) => coloursOf(joint) === colours);
  const items: (LegendItem & { readonly shown: boolean })[] = [
    { text: "node", swatch: bar(BOX_COLOURS.node), shown: boxes.some(({ kind }) => kind === "node") },
    { text: "several alike", swatch: bar(BOX_COLOURS.group), shown: boxes.some(({ kind }) => kind === "group") },
    {
      text: "pod",
      swatch: bar(BOX_COLOURS.pod),
      shown: boxes.some(({ kind, inside }) => kind === "pod" || inside.length > 0),
    },
    { text: "other machine", swatch: bar(BOX_COLOURS.host), shown: boxes.some(({ kind }) => kind === "host") },
    { text: "segment", swatch: bar(JOINT_COLOURS.segment), shown: has(JOINT_COLOURS.segment) },
    { text: "tunnel", swatch: bar(JOINT_COLOURS.tunnel), shown: has(JOINT_COLOURS.tunnel) },
    { text: "BGP established", swatch: bar(JOINT_COLOURS.session), shown: has(JOINT_COLOURS.session) },
    { text: "BGP not established", swatch: bar(JOINT_COLOURS.down), shown: has(JOINT_COLOURS.down) },
    { text: "packet", swatch: stroke(INK.path, ""), shown: legs.some(({ direction }) => direction === "forward") },
    {
      text: "answer",
      swatch: stroke(BACK, ' stroke-dasharray="9 4"'),
      shown: legs.some(({ direction }) => direction === "back"),
    },
  ];
  return items.filter(({ shown }) => shown);
}
