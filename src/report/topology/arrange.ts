import { type Frame, frameOf, throughGutters } from "./frame.ts";
import { type Layers, layersOf, type Point } from "./layers.ts";
import { type Rectangle, type SizedBox, type SizedJoint, sizeOfBox, sizeOfJoint } from "./measure.ts";
import type { Picture, PictureJoint, PictureLeg } from "./picture.ts";

/** A picture in which everything has a place, in pixels from the top left. */
export interface Arrangement {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly (Rectangle & { readonly sized: SizedBox })[];
  readonly joints: readonly (Rectangle & { readonly sized: SizedJoint })[];
  /** Segments that are drawn around their machines. */
  readonly frames: readonly (Rectangle & { readonly joint: PictureJoint })[];
  readonly lines: readonly { readonly joint: PictureJoint; readonly points: readonly Point[] }[];
  readonly legs: readonly { readonly leg: PictureLeg; readonly ways: readonly (readonly Point[])[] }[];
}

/** Segments with more boxes than these are drawn around them: lines to all would fill the picture. */
const WIDE = 9;

/** Gives everything a place: in layers, and machines of a large segment in rows inside of its frame. */
export function arrange(picture: Picture): Arrangement {
  const sized = new Map(picture.boxes.map((box) => [box.id, sizeOfBox(box)] as const));
  const frames = framesOf(picture, sized);
  const frameAround = new Map(frames.flatMap((frame) => [...frame.cells.keys()].map((box) => [box, frame] as const)));
  const framed = new Set(frames.map(({ joint }) => joint.id));
  const standIn = (box: string): string => frameAround.get(box)?.joint.id ?? box;
  const joints = picture.joints.filter(({ id }) => !framed.has(id)).map(sizeOfJoint);
  const pairs = joints.flatMap(({ joint }) => [...new Set(joint.ends.map(standIn))].map((end) => ({ joint, end })));
  const items = [
    ...frames.map(({ joint, width, height }) => ({ id: joint.id, width, height })),
    ...[...sized].filter(([id]) => !frameAround.has(id)).map(([id, { width, height }]) => ({ id, width, height })),
    ...joints.map(({ joint, width, height }) => ({ id: joint.id, width, height })),
  ];
  const layers = layersOf(
    items,
    pairs.map(({ joint, end }) => (isBelow(picture, joint, end) ? [joint.id, end] : [end, joint.id])),
  );
  const placeOf = (id: string): Rectangle => {
    const frame = frameAround.get(id);
    const cell = frame?.cells.get(id);
    if (frame === undefined || cell === undefined) return layers.placeOf(id);
    const outer = layers.placeOf(frame.joint.id);
    return { ...cell, x: outer.x + cell.x, y: outer.y + cell.y };
  };
  const way = (from: string, to: string, over: string | null): readonly Point[] => {
    const frame = frameAround.get(from);
    if (frame !== undefined && frame === frameAround.get(to)) {
      const { x, y } = layers.placeOf(frame.joint.id);
      return throughGutters(frame, from, to).map((point) => ({ x: point.x + x, y: point.y + y }));
    }
    if (over === null || framed.has(over)) return straight(placeOf(from), placeOf(to));
    return alongJoint(layers, standIn(from), over, standIn(to));
  };
  return {
    width: layers.width,
    height: layers.height,
    boxes: [...sized].map(([id, box]) => ({ ...placeOf(id), sized: box })),
    joints: joints.map((joint) => ({ ...layers.placeOf(joint.joint.id), sized: joint })),
    frames: frames.map(({ joint }) => ({ ...layers.placeOf(joint.id), joint })),
    lines: pairs.map(({ joint, end }) => ({ joint, points: layers.line(end, joint.id) })),
    legs: picture.legs.map((leg) => ({
      leg,
      ways: leg.hops.slice(1).map(({ box, over }, index) => way(leg.hops[index]?.box ?? box, box, over)),
    })),
  };
}

/** Large segments, the largest first; a machine stands in one frame. Those that a packet passed come first in it. */
function framesOf(picture: Picture, sized: ReadonlyMap<string, SizedBox>): readonly Frame[] {
  const passed = picture.legs.flatMap(({ hops }) => hops.map(({ box }) => box));
  const rank = (id: string): number => (passed.includes(id) ? passed.indexOf(id) : passed.length);
  const taken = new Set<string>();
  const frames: Frame[] = [];
  const segments = picture.joints.filter(({ kind }) => kind === "segment");
  for (const joint of segments.toSorted((x, y) => y.ends.length - x.ends.length)) {
    const free = joint.ends.filter((end) => !taken.has(end));
    if (free.length <= WIDE) continue;
    for (const end of free) taken.add(end);
    const ordered = free.toSorted((x, y) => rank(x) - rank(y));
    frames.push(
      frameOf(
        joint,
        ordered.flatMap((id) => sized.get(id) ?? []),
      ),
    );
  }
  return frames;
}

/** Other machines stand above the segments they share with nodes; tunnels and sessions below the nodes. */
function isBelow(picture: Picture, joint: PictureJoint, end: string): boolean {
  if (joint.kind !== "segment") return false;
  return picture.boxes.find(({ id }) => id === end)?.kind !== "host";
}

/** From one box to another along the lines to what joins them, and behind it. */
function alongJoint(layers: Layers, from: string, joint: string, to: string): readonly Point[] {
  const { x, y, width, height } = layers.placeOf(joint);
  const middle = { x: x + width / 2, y: y + height / 2 };
  return [...layers.line(from, joint), middle, ...layers.line(joint, to)];
}

/** From the edge of one box to the edge of another. */
function straight(from: Rectangle, to: Rectangle): readonly Point[] {
  const [start, end] = [centreOf(from), centreOf(to)];
  return [edgeTowards(from, start, end), edgeTowards(to, end, start)];
}

function centreOf({ x, y, width, height }: Rectangle): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

function edgeTowards({ width, height }: Rectangle, centre: Point, other: Point): Point {
  const [dx, dy] = [other.x - centre.x, other.y - centre.y];
  if (dx === 0 && dy === 0) return centre;
  const share = Math.min(width / 2 / Math.max(Math.abs(dx), 1e-6), height / 2 / Math.max(Math.abs(dy), 1e-6));
  return { x: centre.x + dx * share, y: centre.y + dy * share };
}
