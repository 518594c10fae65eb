import type { Row } from "./picture.ts";
import type { TracedHop, TracedLeg } from "./traced-legs.ts";

type Fate = NonNullable<TracedLeg["outcome"]> | "lost";

const FATES: Readonly<Record<Fate, { readonly mark: string; readonly here: string; readonly tone: Row["tone"] }>> = {
  delivered: { mark: "✓", here: "delivered", tone: "good" },
  left: { mark: "•", here: "left what was dumped", tone: "path" },
  dropped: { mark: "✗", here: "dropped here", tone: "bad" },
  rejected: { mark: "✗", here: "rejected here", tone: "bad" },
  unresolved: { mark: "✗", here: "no neighbour answered", tone: "bad" },
  lost: { mark: "✗", here: "lost here", tone: "bad" },
};

/** What the caption says of each packet: `request was dropped on worker-2 in INPUT …`. */
export function outcomeRows(path: readonly TracedLeg[]): readonly Row[] {
  return path.map(({ what, outcome, end }) => {
    const { mark, tone } = FATES[outcome ?? "lost"];
    return { text: `${mark} ${what} ${end}`, tone };
  });
}

/** The rows of a box that tell what the packet did there, numbered in the order of its way. */
export function legRows(path: readonly TracedLeg[], isHere: (host: string) => boolean): readonly Row[] {
  return path.flatMap(({ hops, outcome, direction }) =>
    hops.flatMap((hop, index): readonly Row[] => {
      if (!isHere(hop.host)) return [];
      const mark = direction === "forward" ? String(index + 1) : `←${index + 1}`;
      const way: Row = { text: `${mark} ${wayOf(hop, index === 0)}`, tone: "path" };
      if (index < hops.length - 1) return [way];
      const fate = FATES[outcome ?? "lost"];
      return [way, { text: `${fate.mark} ${fate.here}`, tone: fate.tone }];
    }),
  );
}

function wayOf(hop: TracedHop, isFirst: boolean): string {
  const parts = [
    ...(hop.in === null ? (isFirst ? ["sent"] : []) : [`in ${hop.in}`]),
    ...(hop.tunnel === null ? [] : [`via ${hop.tunnel}`]),
    ...(hop.out === null ? [] : [`out ${hop.out}`]),
  ];
  return parts.join(", ");
}
