import type { Point } from "./layers.ts";
import type { Rectangle, SizedBox } from "./measure.ts";
import type { PictureJoint } from "./picture.ts";

/** A segment that is drawn around its machines, which stand in rows. Places are relative to the frame. */
export interface Frame {
  readonly joint: PictureJoint;
  readonly width: number;
  readonly height: number;
  readonly cells: ReadonlyMap<string, Rectangle>;
  /** Of each row of boxes: where the gutter above it runs. */
  readonly gutters: ReadonlyMap<string, number>;
}

const COLUMN_GAP = 36;
const ROW_GAP = 40;
const EDGE = 28;
/** For the name of the segment. */
const HEAD = 44;
/** Width to height that a frame aims at. */
const ASPECT = 1.6;

/** Puts boxes into rows inside of a frame. */
export function frameOf(joint: PictureJoint, boxes: readonly SizedBox[]): Frame {
  const widest = Math.max(...boxes.map(({ width }) => width)) + COLUMN_GAP;
  const area = boxes.reduce((sum, { height }) => sum + (height + ROW_GAP) * widest, 0);
  const perRow = Math.max(1, Math.round(Math.sqrt(area * ASPECT) / widest));
  const cells = new Map<string, Rectangle>();
  const gutters = new Map<string, number>();
  let y = HEAD + ROW_GAP;
  for (let first = 0; first < boxes.length; first += perRow) {
    const row = boxes.slice(first, first + perRow);
    row.forEach(({ box, width, height }, index) => {
      cells.set(box.id, { x: EDGE + index * widest, y, width, height });
      gutters.set(box.id, y - ROW_GAP / 2);
    });
    y += Math.max(...row.map(({ height }) => height)) + ROW_GAP;
  }
  const columns = Math.min(perRow, boxes.length);
  return { joint, width: 2 * EDGE + columns * widest - COLUMN_GAP, height: y, cells, gutters };
}

/** A way between two boxes of a frame that crosses none: up into the gutter of its row, along gutters, down from the other's. */
export function throughGutters({ cells, gutters }: Frame, from: string, to: string): readonly Point[] {
  const start = cells.get(from);
  const end = cells.get(to);
  const above = gutters.get(from);
  const aboveEnd = gutters.get(to);
  if (start === undefined || end === undefined || above === undefined || aboveEnd === undefined) return [];
  const x = start.x + start.width / 2;
  const endX = end.x + end.width / 2;
  const side = end.x - COLUMN_GAP / 2;
  const between =
    above === aboveEnd
      ? []
      : [
          { x: side, y: above },
          { x: side, y: aboveEnd },
        ];
  return [{ x, y: start.y }, { x, y: above }, ...between, { x: endX, y: aboveEnd }, { x: endX, y: end.y }];
}
