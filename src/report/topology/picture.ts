import { boxOfGroup } from "./boxes.ts";
import type { Machine, TopologyGraph } from "./graph.ts";
import { groupMachines } from "./group-machines.ts";
import { jointsOf } from "./joints.ts";
import { outcomeRows } from "./leg-rows.ts";

export type Tone = "plain" | "faint" | "good" | "bad" | "path";

/** A line of text in a box. */
export interface Row {
  readonly text: string;
  readonly tone: Tone;
}

/** A box of a picture: a machine, or several alike. */
export interface PictureBox {
  readonly id: string;
  readonly kind: Machine["kind"] | "group";
  readonly title: string;
  readonly rows: readonly Row[];
  /** Pods of a node. */
  readonly inside: readonly PictureBox[];
  /** The traced packet was here. */
  readonly onPath: boolean;
}

/** Something that joins boxes. */
export interface PictureJoint {
  readonly id: string;
  readonly kind: "segment" | "tunnel" | "session";
  readonly rows: readonly Row[];
  /** Boxes it joins, at the top level, each once. */
  readonly ends: readonly string[];
}

/** The way of a packet from box to box. What is inside of a box is part of it. */
export interface PictureLeg {
  readonly direction: "forward" | "back";
  readonly died: boolean;
  readonly hops: readonly PictureHop[];
}

interface PictureHop {
  readonly box: string;
  /** The joint it came over; null at the first box, and where nothing drawn joins the two. */
  readonly over: string | null;
}

/** What a drawing shows, before anything has a place. */
export interface Picture {
  readonly title: string;
  /** What was asked and what became of it; empty without a probe. */
  readonly captions: readonly Row[];
  readonly boxes: readonly PictureBox[];
  readonly joints: readonly PictureJoint[];
  readonly legs: readonly PictureLeg[];
}

export interface PictureOptions {
  /** Everything is drawn one by one. */
  readonly expand: boolean;
  /** What was asked, in words; null without a probe. */
  readonly question: string | null;
}

/** Decides what of a topology is drawn one by one, and what is put together so that the picture stays legible. */
export function pictureOf(graph: TopologyGraph, { expand, question }: PictureOptions): Picture {
  const onPath = new Set(graph.path.flatMap(({ hops }) => hops.map(({ host }) => host)));
  const ends = graph.path.flatMap(({ to }) => to ?? []);
  const named = new Set([...onPath, ...ends]);
  const groups = groupMachines(graph, named, expand);
  const boxes = groups.map((group) => boxOfGroup(group, graph, { onPath, named, expand, boxes: groups.length }));
  const holders = new Map(groups.flatMap(({ id, machines }) => machines.map(({ name }) => [name, id] as const)));
  for (const { name, node } of graph.machines) if (node !== null) holders.set(name, holders.get(node) ?? name);
  const joints = jointsOf(graph, holders, expand);
  return {
    title: graph.name,
    captions: question === null ? [] : [{ text: question, tone: "plain" }, ...outcomeRows(graph.path)],
    boxes,
    joints,
    legs: graph.path.map(({ direction, outcome, hops }) => ({
      direction,
      died: outcome !== "delivered" && outcome !== "left",
      hops: hopsBetween(
        hops.map(({ host }) => holders.get(host) ?? host),
        joints,
      ),
    })),
  };
}

function hopsBetween(places: readonly string[], joints: readonly PictureJoint[]): readonly PictureHop[] {
  const boxes = places.filter((box, index) => box !== places[index - 1]);
  return boxes.map((box, index) => {
    const before = boxes[index - 1];
    const over = joints.find(
      ({ kind, ends }) => kind === "segment" && before !== undefined && ends.includes(before) && ends.includes(box),
    );
    return { box, over: over?.id ?? null };
  });
}
