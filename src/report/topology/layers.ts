import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from "@dagrejs/dagre";
import type { Rectangle } from "./measure.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Something to be placed. */
interface Item {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface Layers {
  readonly width: number;
  readonly height: number;
  readonly placeOf: (id: string) => Rectangle;
  /** The line between two that are joined, from the first to the second. */
  readonly line: (from: string, to: string) => readonly Point[];
}

const GAP = 36;
const LAYER_GAP = 56;
const MARGIN = 24;

/** Places items in layers, from top to bottom along `edges`, with few crossings (dagre). The same input gives the same places. */
export function layersOf(items: readonly Item[], edges: readonly (readonly [string, string])[]): Layers {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>();
  graph.setGraph({ rankdir: "TB", nodesep: GAP, ranksep: LAYER_GAP, marginx: MARGIN, marginy: MARGIN });
  for (const { id, width, height } of items) graph.setNode(id, { width, height });
  for (const [from, to] of edges) graph.setEdge(from, to, {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const placeOf = (id: string): Rectangle => {
    const { x = 0, y = 0, width: wide, height: high } = graph.node(id);
    return { x: x - wide / 2, y: y - high / 2, width: wide, height: high };
  };
  const bends = edges.map(([from, to]) => ({ from, to, points: (graph.edge(from, to).points ?? []).slice(1, -1) }));
  const places = items.map(({ id }) => ({ id, ...placeOf(id) }));
  const lines = new Map(portedLines(places, bends).map(({ from, to, points }) => [`${from}\n${to}`, points] as const));
  return {
    width,
    height,
    placeOf,
    line: (from, to) => lines.get(`${from}\n${to}`) ?? (lines.get(`${to}\n${from}`) ?? []).toReversed(),
  };
}

interface Line {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

/**
 * Lines that leave a box at its lower edge and come in at the upper one, beside each other in the order of where they lead, and
 * straight until they are clear of their layer: so none passes behind a taller neighbour.
 */
function portedLines(
  places: readonly (Rectangle & { readonly id: string })[],
  lines: readonly Line[],
): readonly Line[] {
  const placeOf = new Map(places.map((place) => [place.id, place] as const));
  const layerOf = new Map<number, { top: number; bottom: number }>();
  const middleOf = ({ y, height }: Rectangle): number => Math.round(y + height / 2);
  for (const place of places) {
    const { top, bottom } = layerOf.get(middleOf(place)) ?? { top: place.y, bottom: place.y };
    layerOf.set(middleOf(place), { top: Math.min(top, place.y), bottom: Math.max(bottom, place.y + place.height) });
  }
  const ports = (side: "from" | "to"): ReadonlyMap<Line, number> => {
    const at = new Map<Line, number>();
    for (const { id, x, width } of places) {
      const own = lines.filter((line) => line[side] === id);
      const towards = ({ points }: Line): number => (side === "from" ? points[0] : points.at(-1))?.x ?? 0;
      const ordered = own.toSorted((one, other) => towards(one) - towards(other));
      for (const [index, line] of ordered.entries()) at.set(line, x + (width * (index + 1)) / (ordered.length + 1));
    }
    return at;
  };
  const [out, into] = [ports("from"), ports("to")];
  return lines.map((line) => {
    const [start, end] = [placeOf.get(line.from), placeOf.get(line.to)];
    if (start === undefined || end === undefined) return line;
    const [x, endX] = [out.get(line) ?? start.x, into.get(line) ?? end.x];
    const points = [
      { x, y: start.y + start.height },
      { x, y: layerOf.get(middleOf(start))?.bottom ?? start.y },
      // between neighbouring layers nothing is in the way
      ...(line.points.length > 1 ? line.points : []),
      { x: endX, y: layerOf.get(middleOf(end))?.top ?? end.y },
      { x: endX, y: end.y },
    ];
    return { ...line, points };
  });
}
