import { columns } from "../wrap.ts";
import type { PictureBox, PictureJoint, Row } from "./picture.ts";

/** Pixels. Text is monospaced, so that its width is known without a font: no common one is wider than 0.61 em. */
export const FONT_SIZE = 12;
export const TITLE_SIZE = 13;
const CHARACTER = 0.61;
export const ROW_HEIGHT = 16;
export const TITLE_HEIGHT = 22;
export const PADDING = 10;
/** Between boxes inside of a box. */
const INSIDE_GAP = 8;
/** Characters of a row. */
const LONGEST = 46;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A box with the size that its text needs, and the places of the boxes inside, relative to its own. */
export interface SizedBox {
  readonly box: PictureBox;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
  readonly inside: readonly { readonly sized: SizedBox; readonly x: number; readonly y: number }[];
}

export interface SizedJoint {
  readonly joint: PictureJoint;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
}

export function textWidth(text: string, size = FONT_SIZE): number {
  return columns(text) * size * CHARACTER;
}

/** The text, its middle left out where it is too long for a row; the whole is in the title of the element. */
export function fitted(text: string): string {
  if (columns(text) <= LONGEST) return text;
  const characters = [...text];
  let head = "";
  let tail = "";
  for (let i = 0; columns(head) + columns(tail) < LONGEST - 2 && i < characters.length; i++) {
    head += characters[i] ?? "";
    if (columns(head) + columns(tail) < LONGEST - 2) tail = (characters.at(-1 - i) ?? "") + tail;
  }
  return `${head}…${tail}`;
}

export function sizeOfBox(box: PictureBox): SizedBox {
  const title = fitted(box.title);
  const rows = box.rows.map(({ text, tone }) => ({ text: fitted(text), tone }));
  const inside = box.inside.map(sizeOfBox);
  const perRow = inside.length > 3 ? 2 : 1;
  const own = Math.max(textWidth(title, TITLE_SIZE), ...rows.map(({ text }) => textWidth(text)));
  const columnsUsed = Math.min(perRow, inside.length);
  const spare = (own - (columnsUsed - 1) * INSIDE_GAP) / Math.max(1, columnsUsed);
  const cell = Math.ceil(Math.max(spare, ...inside.map(({ width }) => width)));
  const top = TITLE_HEIGHT + rows.length * ROW_HEIGHT + PADDING;
  const placed: { sized: SizedBox; x: number; y: number }[] = [];
  let y = top;
  for (let first = 0; first < inside.length; first += perRow) {
    const line = inside.slice(first, first + perRow);
    for (const [index, sized] of line.entries()) {
      placed.push({ sized: { ...sized, width: cell }, x: PADDING + index * (cell + INSIDE_GAP), y });
    }
    y += Math.max(...line.map(({ height }) => height)) + INSIDE_GAP;
  }
  const insideWidth = columnsUsed * cell + Math.max(0, columnsUsed - 1) * INSIDE_GAP;
  const width = Math.max(own, insideWidth);
  return {
    box,
    title,
    rows,
    width: Math.ceil(width + 2 * PADDING),
    height: inside.length === 0 ? top : y + PADDING - INSIDE_GAP,
    inside: placed,
  };
}

export function sizeOfJoint(joint: PictureJoint): SizedJoint {
  const rows = joint.rows.map(({ text, tone }) => ({ text: fitted(text), tone }));
  const width = Math.max(...rows.map(({ text }) => textWidth(text)));
  return { joint, rows, width: Math.ceil(width + 2 * PADDING), height: rows.length * ROW_HEIGHT + 10 };
}
