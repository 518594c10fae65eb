import { fromVersion1 } from "../../calico/version-1.ts";
import { type FieldPath, isRecord, member, ownValue, text as textOf, topField } from "../../kubernetes/field.ts";
import { describeResource, type Metadata, readMetadata } from "../../kubernetes/metadata.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originFile, originOfResource } from "../../model/origin.ts";
import { type DocumentText, splitDocuments, splitItems } from "./document.ts";
import { fieldLine } from "./field-line.ts";
import { type FieldLocator, fieldLocator } from "./field-locator.ts";
import { locateField, locateKey, type Position } from "./locate-field.ts";
import { parseDocument } from "./parse-document.ts";

/** One API object of a file, not narrowed yet. */
export interface Resource {
  readonly file: string;
  readonly metadata: Metadata;
  readonly content: unknown;
  /** Fields that the source does not tell, whatever stands there: of a row of a table. None where the whole object was given. */
  readonly untold: ReadonlySet<string>;
  /** Where a field of it stands in the file, its value or its key; null when that cannot be told. */
  locate(path: FieldPath, part?: "value" | "key"): Position | null;
}

export interface ResourceFile {
  readonly resources: readonly Resource[];
  readonly findings: readonly Finding[];
}

const NONE: ReadonlySet<string> = new Set();

/** So many findings of a file are told one by one; the rest is counted. */
const TOLD = 100;

/** Fields have lines of their own in files with so many objects at most. */
const LOCATED = 20_000;

/** Lists in lists in lists are read this deep. */
const LIST_DEPTH = 4;

/** A shell prompt with the command that was pasted along, and what kubectl says before its output. */
const PASTED = /^(?:\S{0,80}[$#>%] ?(?:sudo )?(?:kubectl|calicoctl|cat|oc|k) .*|Defaulted container .*|```\w*)\r?$/gm;

/**
 * Reads a file of API objects as kubectl and calicoctl print them: YAML or JSON, one object, several documents, `List`,
 * `PodList` and the like. A broken document or list element becomes a finding and loses nothing else.
 */
export function readResources(text: string, file: string, origins: OriginTable): ResourceFile {
  const findings: Finding[] = [];
  const resources: Resource[] = [];
  const fileNumber = originFile(origins, file);
  const collect = (content: unknown, kind: string, apiVersion: string, place: Place, depth: number): void => {
    const ownKind = ownValue(content, "kind");
    const items = Array.isArray(content) ? content : ownValue(content, "items");
    const isList = Array.isArray(content) || (typeof ownKind === "string" && /List$/.test(ownKind));
    if (isList && (items === undefined || items === null)) return;
    if (isList && Array.isArray(items)) {
      if (depth >= LIST_DEPTH) {
        findings.push({
          code: "nested-lists",
          severity: "error",
          message: "Lists are nested too deep.",
          file,
          line: place.line,
        });
        return;
      }
      const listKind = typeof ownKind === "string" ? ownKind.replace(/List$/, "") : "";
      const listVersion = ownValue(content, "apiVersion");
      for (const [i, item] of items.entries()) {
        const version = typeof listVersion === "string" && listKind !== "" ? listVersion : "";
        collect(item, listKind, version, place.item(i, Array.isArray(content)), depth + 1);
      }
      return;
    }
    if (content === null || content === undefined) return;
    const top = topField(named(fromVersion1(withDefaults(content, kind, apiVersion))));
    const itsKind = textOf(member(top, "kind")) ?? "";
    const { name, namespace } = readMetadata(top, 0);
    const version = textOf(member(top, "apiVersion")) ?? "";
    if (!isRecord(content) || itsKind === "" || version === "") {
      findings.push({
        code: "not-a-resource",
        severity: "warning",
        message: isRecord(content) ? "An object without apiVersion or kind." : "Not an API object.",
        file,
        line: place.line,
        expected: "the output of kubectl or calicoctl with -o yaml or -o json",
      });
      return;
    }
    if (itsKind === "ClusterNodes" && version.startsWith("podpath/")) {
      findings.push({
        code: "not-a-resource",
        severity: "error",
        message:
          "These nodes are not looked at: dumps of machines lie in the same folder, which makes it a snapshot of those.",
        file,
        line: place.line,
        advice: "Take the dumps (nodes/, hosts/) out of the folder, or the nodes.yaml.",
      });
      return;
    }
    if (name === "") {
      findings.push({
        code: "nameless-resource",
        severity: "error",
        message: `A ${itsKind} without a name.`,
        file,
        line: place.line,
        expected: "metadata.name",
      });
      return;
    }
    const origin = originOfResource(origins, fileNumber, place.line, describeResource(itsKind, namespace, name), "");
    resources.push({
      file,
      metadata: readMetadata(top, origin),
      content: top.value,
      untold: NONE,
      locate: place.locate,
    });
  };

  for (const document of splitDocuments(prepare(text))) {
    const parsed = parseDocument(document.text);
    const list = splitItems(document);
    if (parsed.kind === "value") {
      collect(parsed.value, "", "", placeInDocument(document, list?.items ?? []), 0);
      continue;
    }
    findings.push(syntaxFinding(file, document, parsed));
    if (list === null) continue;
    // the elements that are whole are not lost
    const rest = parseDocument(list.rest);
    const head = rest.kind === "value" ? rest.value : null;
    const kind = ownValue(head, "kind");
    const version = ownValue(head, "apiVersion");
    const itemKind = typeof kind === "string" ? kind.replace(/List$/, "") : "";
    for (const item of list.items) {
      const element = parseDocument(item.text);
      if (element.kind === "value") {
        const itemVersion = typeof version === "string" && itemKind !== "" ? version : "";
        collect(element.value, itemKind, itemVersion, placeInDocument(item, []), 1);
      } else if (item.firstLine + element.line !== document.firstLine + parsed.line) {
        findings.push(syntaxFinding(file, item, element));
      }
    }
  }
  // of the few thousand pods of a large cluster the place of the whole object is enough
  if (resources.length <= LOCATED) {
    for (const { metadata, locate } of resources) origins.lines.set(metadata.origin, fieldLine(locate));
  }
  if (findings.length <= TOLD) return { resources, findings };
  const more: Finding = {
    code: "yaml-syntax",
    severity: "error",
    message: `${findings.length - TOLD} more findings about this file.`,
    file,
  };
  return { resources, findings: [...findings.slice(0, TOLD), more] };
}

/** Where a value stands: its line, and how to find its fields. */
interface Place {
  readonly line: number;
  locate(path: FieldPath, part?: "value" | "key"): Position | null;
  item(index: number, bare: boolean): Place;
}

function placeInDocument(document: DocumentText, items: readonly DocumentText[]): Place {
  let locator: FieldLocator | null = null;
  const find = (path: FieldPath, part: "value" | "key" | undefined): Position | null => {
    locator ??= fieldLocator(document.text);
    return part === "key" ? locator.key(path) : locator.value(path);
  };
  const within = (prefix: FieldPath, line: number): Place => ({
    line,
    locate: (path, part) => shifted(find([...prefix, ...path], part), document.firstLine),
    item: (index, bare) => {
      const own = prefix.length === 0 ? items[index] : undefined;
      const path = bare ? [...prefix, index] : [...prefix, "items", index];
      if (own === undefined) return within(path, line);
      return {
        ...within(path, own.firstLine),
        // the element's own lines parse faster than the whole list, and name the same place
        locate: (rest, part) => shifted(placeOf(own.text, [0, ...rest], part), own.firstLine),
      };
    },
  });
  return within([], document.firstLine + leadingLines(document.text));
}

function placeOf(text: string, path: FieldPath, part: "value" | "key" | undefined): Position | null {
  return part === "key" ? locateKey(text, path) : locateField(text, path);
}

/** Lines before the first one with content. */
function leadingLines(text: string): number {
  const first = /^[ \t]*[^\s#%]/m.exec(text);
  return first === null ? 0 : text.slice(0, first.index).split("\n").length - 1;
}

function shifted(position: Position | null, firstLine: number): Position | null {
  return position === null ? null : { line: position.line + firstLine - 1, column: position.column };
}

/** Elements of a `PodList` need not repeat what they are. */
function withDefaults(content: unknown, kind: string, apiVersion: string): unknown {
  if (!isRecord(content) || kind === "") return content;
  if (ownValue(content, "kind") !== undefined) return content;
  return { ...content, kind, apiVersion: ownValue(content, "apiVersion") ?? apiVersion };
}

const CONFIGURATIONS: ReadonlyMap<string, string> = new Map([
  ["ClusterConfiguration", "kubeadm"],
  ["InitConfiguration", "kubeadm"],
  ["JoinConfiguration", "kubeadm"],
  ["KubeProxyConfiguration", "kube-proxy"],
  ["KubeletConfiguration", "kubelet"],
]);

/** Configurations of programs are of the API's form and have no name; each is the only one of its kind. */
function named(content: unknown): unknown {
  const name = CONFIGURATIONS.get(String(ownValue(content, "kind")));
  if (name === undefined || !isRecord(content) || ownValue(content, "metadata") !== undefined) return content;
  return { ...content, metadata: { name } };
}

/** Byte-order mark, pasted prompts and tabs out of the way; line numbers stay. */
function prepare(text: string): string {
  return (text.startsWith("\ufeff") ? text.slice(1) : text).replace(PASTED, "");
}

function syntaxFinding(
  file: string,
  document: DocumentText,
  error: { readonly message: string; readonly line: number; readonly column: number },
): Finding {
  return {
    code: "yaml-syntax",
    severity: "error",
    message: `Cannot be read as YAML or JSON: ${error.message}.`,
    file,
    line: document.firstLine + error.line - 1,
    column: error.column,
    advice: "What stands before and after it was read.",
  };
}
