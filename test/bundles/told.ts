export interface TraceJson {
  readonly certainty: string;
  readonly assumptions: readonly { readonly host: string; readonly part: string; readonly detail: string }[];
  readonly unknowns: readonly { readonly question: string }[];
  readonly branches: readonly unknown[];
}

/** Everything of a trace but where it stands in the files; without MAC addresses where a form has none of them. */
export function told({ certainty, branches }: TraceJson, withMacs: boolean): unknown {
  const bare: unknown = JSON.parse(
    JSON.stringify(branches, (key, value: unknown) =>
      key === "source" || (!withMacs && (key === "mac" || isNeighbourText(key, value))) ? undefined : value,
    ),
  );
  return { certainty, branches: bare };
}

function isNeighbourText(key: string, value: unknown): boolean {
  return (
    key === "text" &&
    typeof value === "string" &&
    /\((?:answered by|learnt from|REACHABLE|STALE|DELAY|PROBE)/.test(value)
  );
}
