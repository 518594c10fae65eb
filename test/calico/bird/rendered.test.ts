import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BirdConfiguration } from "../../../src/model/bird/configuration.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { printFilter, printFunction } from "../../../src/readers/bird/print.ts";
import { RELEASES, renderedFiles } from "./rendered.ts";
import { anyBgpResources } from "./resources-arbitrary.ts";

function trees({ functions, filters }: BirdConfiguration): string {
  return [...functions.map(printFunction), ...filters.map(printFilter)].join("\n");
}

describe.each(RELEASES)("what is rendered for %s", (release) => {
  test("is understood by the reader of BIRD's configuration, and its filters print as what they were read from", () => {
    fc.assert(
      fc.property(anyBgpResources, (resources) => {
        for (const files of renderedFiles(resources, release).values()) {
          for (const stem of ["bird", "bird6"] as const) {
            const read = readBirdConfiguration(files.get(`${stem}.cfg`) ?? "", `${stem}.cfg`, originTable(), (path) => [
              { path, text: [...files].find(([name]) => name === path)?.[1] ?? "missing" },
            ]);
            expect(read.findings).toEqual([]);
            const text = trees(read.configuration);
            expect(trees(readBirdConfiguration(text, "printed", originTable()).configuration)).toBe(text);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("does not depend on the order of the resources", () => {
    fc.assert(
      fc.property(
        anyBgpResources.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length })),
        ),
        ([one, other]) => {
          expect(renderedFiles(other, release)).toEqual(renderedFiles(one, release));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("has each session once", () => {
    fc.assert(
      fc.property(anyBgpResources, (resources) => {
        for (const files of renderedFiles(resources, release).values()) {
          for (const file of ["bird.cfg", "bird6.cfg"] as const) {
            const names = [...(files.get(file) ?? "").matchAll(/^protocol bgp (\S+)/gm)].map(([, name]) => name);
            expect(new Set(names).size).toBe(names.length);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("BIRD programs the routes of IPIP pools by default until v3.32", () => {
  const resources = [
    {
      apiVersion: "projectcalico.org/v3",
      kind: "Node",
      metadata: { name: "n" },
      spec: { bgp: { ipv4Address: "10.0.0.1/24" } },
    },
    {
      apiVersion: "projectcalico.org/v3",
      kind: "IPPool",
      metadata: { name: "p" },
      spec: { cidr: "192.168.0.0/16", ipipMode: "Always" },
    },
  ];
  const line = (release: string) =>
    /net ~ 192.168.0.0\/16\) then \{ ((?!accept).*) \}/.exec(
      renderedFiles(resources, release).get("n")?.get("bird_ipam.cfg") ?? "",
    )?.[1];
  expect(line("v3.32.0")).toBe('krt_tunnel="tunl0"; accept;');
  expect(line("v3.33.0")).toBe("reject;");
});
