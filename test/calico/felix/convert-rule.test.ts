import { describe, expect, it } from "vitest";
import { convertRule } from "../../../src/calico/felix/convert-rule.ts";
import type { SetDefinition } from "../../../src/calico/felix/ip-set-names.ts";
import { ANY_ENTITY, type CalicoRule, type EntityRule } from "../../../src/calico/network-policy.ts";
import { canonicalSelector } from "../../../src/calico/selector/selector.ts";

const RULE: CalicoRule = {
  action: "Allow",
  ipVersion: null,
  protocol: "TCP",
  notProtocol: null,
  icmp: null,
  notICMP: null,
  source: ANY_ENTITY,
  destination: ANY_ENTITY,
  http: false,
  annotations: [],
  path: [],
};

function words(definition: SetDefinition): string {
  switch (definition.kind) {
    case "selector":
    case "mesh":
      return canonicalSelector(definition.selector);
    case "named-port":
      return `${canonicalSelector(definition.selector)} ${definition.protocol} ${definition.port}`;
    case "service":
      return `${definition.service}${definition.ports ? " with ports" : ""}`;
  }
}

/** The sets that a rule from this source needs. */
function sets(
  source: Partial<EntityRule>,
  namespace: string | null,
  rule: Partial<CalicoRule> = {},
): readonly string[] {
  const converted = convertRule({ ...RULE, ...rule, source: { ...ANY_ENTITY, ...source } }, namespace);
  if ("wrong" in converted) throw new Error(converted.wrong.field);
  return [...converted.sets.values()].map(words);
}

// Combinations as in libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go and felix/calc/rule_scanner.go.
describe("whom a rule of a policy chooses", () => {
  it("is its own namespace's, unless it names others", () => {
    expect(sets({ selector: "app == 'web'" }, "shop")).toEqual([
      '(projectcalico.org/namespace == "shop" && app == "web")',
    ]);
    expect(sets({ selector: "app == 'web'" }, null)).toEqual(['app == "web"']);
    expect(sets({ selector: "app == 'web'", namespaceSelector: "team == 'a'" }, "shop")).toEqual([
      '(pcns.team == "a" && app == "web")',
    ]);
    expect(sets({ namespaceSelector: "all()" }, null)).toEqual(["has(projectcalico.org/namespace)"]);
    expect(sets({ namespaceSelector: "global()", selector: "has(x)" }, "shop")).toEqual([
      "(!has(projectcalico.org/namespace) && has(x))",
    ]);
    expect(sets({}, "shop")).toEqual([]);
  });

  it("excludes inside of the chosen, and everybody else's addresses where nobody is chosen", () => {
    expect(sets({ selector: "has(a)", notSelector: "has(b)" }, null)).toEqual(["(has(a) && !has(b))"]);
    expect(sets({ notSelector: "has(b)" }, "shop")).toEqual(['(projectcalico.org/namespace == "shop" && !has(b))']);
    const converted = convertRule({ ...RULE, source: { ...ANY_ENTITY, notSelector: "has(b)" } }, null);
    expect(converted).toMatchObject({ rule: { source: { sets: [], notSets: [expect.stringMatching(/^s:/)] } } });
  });

  it("joins service accounts by name and by label", () => {
    const serviceAccounts = { names: ["b", "a", "b"], selector: "role == 'db'" };
    expect(sets({ serviceAccounts, selector: "has(x)" }, null)).toEqual([
      '((pcsa.role == "db" && projectcalico.org/serviceaccount in {"a", "b"}) && has(x))',
    ]);
  });

  it("is found by named port alone where the rule has no number", () => {
    const ports = [{ kind: "named", name: "http" } as const];
    expect(sets({ selector: "has(a)", ports }, null, { protocol: "17" })).toEqual(["has(a) udp http"]);
    expect(sets({ selector: "has(a)", ports: [...ports, { kind: "range", first: 1, last: 2 }] }, null)).toEqual([
      "has(a) tcp http",
      "has(a)",
    ]);
  });

  it("is a Service's endpoints, with their ports as a destination only", () => {
    const services = { name: "web", namespace: "shop" };
    expect(sets({ services }, null)).toEqual(["shop/web"]);
    const converted = convertRule({ ...RULE, destination: { ...ANY_ENTITY, services } }, null);
    expect(converted).toMatchObject({ rule: { serviceSets: [expect.stringMatching(/^svc:/)] } });
  });

  it("is refused where a selector does not parse, with the field and the column", () => {
    expect(convertRule({ ...RULE, destination: { ...ANY_ENTITY, namespaceSelector: "a = 'b'" } }, "shop")).toEqual({
      wrong: { field: "namespaceSelector", error: expect.objectContaining({ column: 3 }) },
    });
  });
});
