import type { Side, SnapshotComparison } from "../analysis/compare-snapshots.ts";
import { type Source, sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import { routeText } from "./route-text.ts";
import { type RuleJson, ruleJson } from "./step-json.ts";
import { type AnswerJson, answerJson } from "./trace-json.ts";

export interface ComparisonJson {
  readonly first: string;
  readonly second: string;
  readonly hostsOnlyInFirst: readonly string[];
  readonly hostsOnlyInSecond: readonly string[];
  readonly routes: readonly {
    readonly host: string;
    readonly in: Side;
    readonly text: string;
    readonly source: Source | null;
    readonly pods: readonly string[];
  }[];
  readonly policies: readonly { readonly first: RuleJson | null; readonly second: RuleJson | null }[];
  readonly rules: readonly ({ readonly in: Side } & RuleJson)[];
  readonly sessions: readonly {
    readonly host: string;
    readonly name: string;
    readonly neighbour: string | null;
    readonly first: string | null;
    readonly second: string | null;
  }[];
  readonly openings: readonly {
    readonly in: Side;
    readonly from: string;
    readonly to: string;
    readonly answer: AnswerJson;
  }[];
}

export function comparisonJson(comparison: SnapshotComparison): ComparisonJson {
  const network = (side: Side): SnapshotComparison["first"]["network"] => comparison[side].network;
  return {
    first: comparison.first.name,
    second: comparison.second.name,
    hostsOnlyInFirst: comparison.hostsOnlyInFirst,
    hostsOnlyInSecond: comparison.hostsOnlyInSecond,
    routes: comparison.routes.map(({ host, side, route, pods }) => ({
      host,
      in: side,
      text: routeText(route),
      source: sourceOf(network(side).origins, route.origin),
      pods,
    })),
    policies: comparison.policies.map(({ host, family, table, first, second }) => ({
      first: first && ruleJson(network("first"), host, { family, table, chain: first, index: 0, rule: null }),
      second: second && ruleJson(network("second"), host, { family, table, chain: second, index: 0, rule: null }),
    })),
    rules: comparison.rules.map(({ side, host, ...place }) => ({ in: side, ...ruleJson(network(side), host, place) })),
    sessions: comparison.sessions.map(({ host, name, first, second }) => {
      const neighbour = (first ?? second)?.peer ?? null;
      return {
        host,
        name,
        neighbour: neighbour === null ? null : formatAddress(neighbour),
        first: first?.info ?? null,
        second: second?.info ?? null,
      };
    }),
    openings: comparison.openings.map(({ side, from, to, answer }) => ({
      in: side,
      from,
      to,
      answer: answerJson(answer),
    })),
  };
}
