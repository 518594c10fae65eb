import { elements, member, topField } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import { parseDocument } from "../resources/parse-document.ts";

/**
 * Sources of Helm and Kustomize among the files: they become manifests only when a tool renders them. Their files are told and not
 * read; `isRead` answers for the others.
 */
export function unrenderedSources(files: ReadonlyMap<string, string>): {
  readonly findings: readonly Finding[];
  isRead(path: string): boolean;
} {
  const findings: Finding[] = [];
  const unread = new Set<string>();
  const charts = [...files.keys()].filter((path) => /(?:^|\/)Chart\.ya?ml$/.test(path)).map(folderOf);
  for (const chart of charts) {
    const inside = [...files.keys()].filter(
      (path) => path.startsWith(chart) && OF_A_CHART.test(path.slice(chart.length)),
    );
    for (const path of inside) unread.add(path);
    findings.push({
      code: "not-rendered",
      severity: "error",
      message: `A Helm chart: ${inside.length === 1 ? "one file is" : `${inside.length} files are`} templates and values, not manifests, and not read.`,
      file: `${chart}Chart.yaml`,
      advice: `Render it: helm template ${chart === "" ? "." : chart.slice(0, -1)} > rendered.yaml, and give that file in its place.`,
    });
  }
  for (const [path, text] of files) {
    if (unread.has(path)) continue;
    if (/(?:^|\/)kustomization\.ya?ml$|(?:^|\/)Kustomization$/.test(path)) {
      unread.add(path);
      const patches = patchesOf(text).filter((patch) => files.has(folderOf(path) + patch));
      for (const patch of patches) unread.add(folderOf(path) + patch);
      findings.push({
        code: "not-rendered",
        severity:
          /^\s*(?:patches|patchesStrategicMerge|patchesJson6902|images|namePrefix|nameSuffix|namespace|replicas|configMapGenerator|secretGenerator|commonLabels|labels)\s*:/m.test(
            text,
          )
            ? "error"
            : "warning",
        message: `A kustomization: what it changes in the files beside it is not done. The files were read as they are${patches.length === 0 ? "" : `, without its patches ${patches.join(", ")}`}.`,
        file: path,
        advice: `Render it: kubectl kustomize ${folderOf(path).slice(0, -1) || "."} > rendered.yaml, and give that file in place of the folder.`,
      });
      continue;
    }
    const at = text.search(/^[^#\n]*\{\{-?\s*(?:\.|if\b|range\b|include\b|template\b|with\b|toYaml\b|define\b|end\b)/m);
    if (at < 0) continue;
    unread.add(path);
    findings.push({
      code: "not-rendered",
      severity: "error",
      message: "A template of Helm or the like: it has {{ … }} where values belong. It was not read.",
      file: path,
      line: text.slice(0, at).split("\n").length,
      advice: "Render it (helm template) and give the result.",
    });
  }
  return { findings, isRead: (path) => !unread.has(path) };
}

/** What Helm renders or reads values from; other files of the folder are not the chart's. */
const OF_A_CHART =
  /^(?:(?:Chart|values[^/]*|requirements)\.(?:ya?ml|lock|json)$|values\.schema\.json$|(?:templates|charts|crds)\/)/;

/** The files that a kustomization patches others with: parts of objects, which would hide the whole ones. */
function patchesOf(text: string): readonly string[] {
  const document = parseDocument(text);
  if (document.kind === "error") return [];
  const top = topField(document.value);
  const files = [
    ...elements(member(top, "patchesStrategicMerge")),
    ...["patches", "patchesJson6902"].flatMap((key) => elements(member(top, key)).map((one) => member(one, "path"))),
  ];
  return files.flatMap((file) => textOf(file.value) ?? []);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value.replace(/^\.\//, "") : null;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
