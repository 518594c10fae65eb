import type { Finding } from "../../model/finding.ts";
import { FILE_ROLES, type FileText, type SnapshotFiles, stemOf, textOf, type UnreadFile } from "./files.ts";
import { isNotRead } from "./not-read.ts";
import { isPodLog } from "./pod-log.ts";
import { snapshotRoots, withoutArchive } from "./roots.ts";

/** A file and its content, which is fetched when it is asked for. */
export interface PlacedFile {
  readonly path: string;
  readonly text: string;
  /** Why there is no text; the text is empty then. */
  readonly problem?: Finding | null;
  /** What it was recognised as, where its name does not tell: the name that a snapshot would give it, without extension. */
  readonly stem?: string;
}

/** The files of one network namespace. */
export interface MachineFiles {
  /** `<node>`, `pod/<namespace>/<name>` or `host/<name>`. */
  readonly name: string;
  readonly kind: "node" | "pod" | "host";
  /** The node a pod's namespace was found on. */
  readonly node: string | null;
  readonly folder: string;
  /** By name inside the folder. */
  readonly files: ReadonlyMap<string, PlacedFile>;
  /** What its bird.cfg may include, by path inside the folder. */
  readonly beside?: ReadonlyMap<string, PlacedFile>;
  /** Of its pods and of the CNI plugin. */
  readonly logs?: readonly PlacedFile[];
}

/** A machine as its folder names it. */
export type MachineFolder = Omit<MachineFiles, "files" | "beside" | "logs">;

/** A file that only its content may tell; `machine` where it lies in a machine's own folder. */
export interface LooseFile {
  readonly file: PlacedFile;
  readonly machine: MachineFolder | null;
}

export interface Layout {
  readonly description: PlacedFile | null;
  /** `facts.yaml`: what a person typed. */
  readonly facts: PlacedFile | null;
  /** Of collectors: at the top, and beside the files of a machine or of the cluster. */
  readonly indexes: readonly PlacedFile[];
  readonly cluster: readonly PlacedFile[];
  readonly machines: readonly MachineFiles[];
  /** Files that no snapshot would call so, or that stand where nothing is expected. */
  readonly loose: readonly LooseFile[];
  /** Pod folders whose name is no `<namespace>_<pod>`. */
  readonly misnamed: readonly string[];
  /** How many logs and the like there are, which nobody reads. */
  readonly notRead: number;
}

/** A namespace of which the collector could not tell the pod: by its address, or by its number. */
const UNNAMED = /^(?:\d+(?:\.\d+){3}|[\da-f]*:[\da-f:.]*|ns-\d+)$/i;

/** In place of the Kubernetes namespace of such a pod; no namespace can be called so. */
export const NOBODY = "?";

const BIRD_FILES = ["bird.cfg", "bird.conf", "bird6.cfg", "bird6.conf"];

interface PlaceOfMachine {
  readonly machine: MachineFolder;
  readonly files: Map<string, PlacedFile>;
  readonly beside: Map<string, PlacedFile>;
  readonly logs: PlacedFile[];
}

/** Parts of a configuration of BIRD, where the folder of a machine has one: `bird.d/peers.conf`. */
const BIRD_PART = /^(nodes|hosts)\/([^/]+)\/((?!netns\/).*[.](?:conf|cfg))$/;

/** Sorts the paths of a snapshot into what INTERFACES section 2 says they are. The order of the files does not matter. */
export function layOut(snapshot: SnapshotFiles): Layout {
  const machines = new Map<string, PlaceOfMachine>();
  const cluster: PlacedFile[] = [];
  const loose: LooseFile[] = [];
  const misnamed = new Set<string>();
  let description: PlacedFile | null = null;
  let facts: PlacedFile | null = null;
  const indexes: PlacedFile[] = [];
  const add = (machine: MachineFolder, name: string, file: PlacedFile): void => {
    if (!FILE_ROLES.has(stemOf(name))) {
      loose.push({ file, machine });
      return;
    }
    placeOf(machine).files.set(name, file);
  };
  const placeOf = (machine: MachineFolder): PlaceOfMachine => {
    const known: PlaceOfMachine = machines.get(machine.folder) ?? {
      machine,
      files: new Map(),
      beside: new Map(),
      logs: [],
    };
    machines.set(machine.folder, known);
    return known;
  };

  const paths = [...snapshot.files.keys()].sort();
  const [root = ""] = snapshotRoots(paths);
  let notRead = 0;
  for (const path of paths) {
    const content = snapshot.files.get(path);
    const file = content === undefined ? null : placed(path, content);
    if (file === null) continue;
    const part = BIRD_PART.exec(path.startsWith(root) ? path.slice(root.length) : "");
    if (part !== null) {
      const [, kind = "", name = "", inside = ""] = part;
      const folder = `${kind}/${name}`;
      if (!FILE_ROLES.has(stemOf(inside)) && BIRD_FILES.some((one) => snapshot.files.has(`${root}${folder}/${one}`))) {
        const machine: MachineFolder =
          kind === "nodes"
            ? { name, kind: "node", node: null, folder }
            : { name: `host/${name}`, kind: "host", node: null, folder };
        placeOf(machine).beside.set(inside, file);
        continue;
      }
    }
    if (isNotRead(path)) {
      notRead++;
      continue;
    }
    if (!path.startsWith(root)) {
      loose.push({ file, machine: null });
      continue;
    }
    const inside = root === "" ? withoutArchive(path) : path.slice(root.length);
    const parts = inside.split("/").filter((part) => part !== "" && part !== ".");
    const [top = "", name = "", third = "", fourth = "", fifth = ""] = parts;
    if (parts.length === 1 && /^snapshot\.(ya?ml|json)$/.test(top)) description = file;
    else if (parts.length === 1 && /^facts\.ya?ml$/.test(top)) facts = file;
    else if (/^(?:|cluster\/|(?:nodes|hosts)\/[^/]+\/)index\.json$/.test(parts.join("/"))) indexes.push(file);
    else if (top === "cluster" && parts.length > 1) cluster.push(file);
    else if (top === "nodes" && isPodLog(inside) && !FILE_ROLES.has(stemOf(parts.at(-1) ?? ""))) {
      placeOf({ name, kind: "node", node: null, folder: `nodes/${name}` }).logs.push(file);
    } else if (top === "nodes" && parts.length === 3) {
      add({ name, kind: "node", node: null, folder: `nodes/${name}` }, third, file);
    } else if (top === "hosts" && parts.length === 3) {
      add({ name: `host/${name}`, kind: "host", node: null, folder: `hosts/${name}` }, third, file);
    } else if (top === "nodes" && third === "netns" && parts.length === 5) {
      const folder = `nodes/${name}/netns/${fourth}`;
      const underscore = fourth.indexOf("_");
      if (underscore < 0 && UNNAMED.test(fourth)) {
        add({ name: `pod/${NOBODY}/${fourth}`, kind: "pod", node: name, folder }, fifth, file);
        continue;
      }
      if (underscore <= 0 || underscore === fourth.length - 1) {
        misnamed.add(folder);
        continue;
      }
      const pod = `pod/${fourth.slice(0, underscore)}/${fourth.slice(underscore + 1)}`;
      add({ name: pod, kind: "pod", node: name, folder }, fifth, file);
    } else loose.push({ file, machine: null });
  }
  return {
    description,
    facts,
    indexes,
    cluster,
    machines: [...machines.values()].map(({ machine, files, beside, logs }) => ({ ...machine, files, beside, logs })),
    loose,
    misnamed: [...misnamed],
    notRead,
  };
}

/** Null for a file of which it is known already that it cannot be read. */
function placed(path: string, content: FileText | UnreadFile): PlacedFile | null {
  if (typeof content === "string") return { path, text: content };
  if ("problem" in content) return null;
  return {
    path,
    get text() {
      const text = textOf(content);
      return typeof text === "string" ? text : "";
    },
    get problem() {
      const text = textOf(content);
      return typeof text === "string" ? null : text.problem;
    },
  };
}
