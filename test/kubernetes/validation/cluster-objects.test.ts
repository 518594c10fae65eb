import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const node = (spec: string, name = "n1"): string =>
  `{apiVersion: v1, kind: Node, metadata: {name: ${name}}, spec: {${spec}}}\n`;
const named = (kind: string, name: string): string =>
  `{apiVersion: v1, kind: ${kind}, metadata: {name: ${name}, namespace: d}}\n`;
const namespace = (name: string): string => `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}\n`;

describe("a Node, Namespace or another object with a name is refused with its field:", () => {
  test.each([
    ["a pod network that is none", node("podCIDR: 10.0.0.0/40"), "spec.podCIDR"],
    [
      "a pod network in a list that is none",
      node("podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24, 'fd00::1']"),
      "spec.podCIDRs[1]",
    ],
    ["two pod networks of one family", node("podCIDRs: [10.0.0.0/24, 10.0.1.0/24]"), "spec.podCIDRs[1]"],
    [
      "one taint twice",
      node("taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule, value: b}]"),
      "spec.taints[1]",
    ],
    ["a taint's key with a blank", node("taints: [{key: a b, effect: NoSchedule}]"), "spec.taints[0].key"],
    ["a node's name with an underscore", node("", "n_1"), "metadata.name"],
    ["a namespace's name with a dot", namespace("a.b"), "metadata.name"],
    ["a ConfigMap's name in capitals", named("ConfigMap", "A"), "metadata.name"],
    ["a service account's name with a blank", named("ServiceAccount", "'a b'"), "metadata.name"],
  ])("%s", (_, text, field) => {
    expect(refusedFields(text)).toEqual([field]);
  });

  test.each([
    ["pod networks of two families", node("podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24, 'fd00::/64']")],
    ["an empty pod network", node("podCIDR: ''")],
    ["one key with two effects", node("taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoExecute}]")],
    ["a node's name with dots", node("", "ip-10-0-0-1.example")],
    ["a namespace's name that begins with a digit", namespace("1a")],
    ["a ConfigMap's name with dots", named("ConfigMap", "kube-root-ca.crt")],
  ])("not with %s", (_, text) => {
    expect(judged(text).findings).toEqual([]);
  });
});

test("objects of Calico's are left to Calico's own rules", () => {
  const text = "{apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: N_1, labels: {a: 'b c'}}, spec: {}}\n";
  expect(refusedFields(text)).toEqual([]);
});
