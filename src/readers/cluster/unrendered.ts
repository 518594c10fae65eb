import { elements, member, topField } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import { parseDocument } from "../resources/parse-document.ts";

/**
 * Sources of Helm and Kustomize among the files: they become manifests only when a tool renders them. Their files are told and not
 * read; `isRead` answers for the others. Of a file in which only some documents have values to be filled in, the others are read;
 * where it has conditions or loops, nobody knows which documents there are.
 */
export function unrenderedSources(files: ReadonlyMap<string, string>): {
  readonly findings: readonly Finding[];
  isRead(path: string): boolean;
  /** Without the documents that are templates, whose lines are empty. */
  textOf(path: string): string;
} {
  const findings: Finding[] = [];
  const unread = new Set<string>();
  const cut = new Map<string, string>();
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
    const at = text.search(VALUE);
    if (at < 0) continue;
    const parts = CONTROL.test(text) ? [text] : documentsOf(text);
    const templates = parts.filter((part) => VALUE.test(part)).length;
    const isWhole = templates === parts.filter((part) => /^[^#\s-]/m.test(part)).length;
    if (isWhole) unread.add(path);
    else cut.set(path, parts.map((part) => (VALUE.test(part) ? part.replace(/[^\n]/g, "") : part)).join(""));
    const which = templates === 1 ? "One document is" : `${templates} documents are`;
    findings.push({
      code: "not-rendered",
      severity: "error",
      message: isWhole
        ? "A template of Helm or the like: it has {{ … }} where values belong. It was not read."
        : `${which} a template of Helm or the like, with {{ … }} where values belong, and not read; the others of the file were.`,
      file: path,
      line: text.slice(0, at).split("\n").length,
      advice: "Render it (helm template) and give the result.",
    });
  }
  return { findings, isRead: (path) => !unread.has(path), textOf: (path) => cut.get(path) ?? files.get(path) ?? "" };
}

/** A value to be filled in, outside of comments. */
const VALUE = /^[^#\n]*\{\{-?\s*(?:\.|if\b|range\b|include\b|template\b|with\b|toYaml\b|define\b|end\b)/m;
/** What decides about the lines after it. */
const CONTROL = /^[^#\n]*\{\{-?\s*(?:if|range|with|define|end|else|block)\b/m;

/** The documents of a YAML file, each with the line that ends the one before it. */
function documentsOf(text: string): readonly string[] {
  return text.split(/^(?=---(?:\s|$))/m);
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
