import type { CodeTable } from "./code-page.ts";

/** Texts about Kubernetes and Calico objects that are not the objects themselves. */
export const OBJECT_CODES = {
  "cut-list": {
    title: "A list that the table cuts short",
    means:
      "kubectl shows the first three endpoints and counts the others; calicoctl cuts after 80 characters. The rest is missing.",
    todo: "Ask for the same with -o yaml.",
  },
  "describe-not-enough": {
    title: "The output of kubectl describe",
    means: "It is for people, and changes from version to version. Nothing was read from it.",
    todo: "Ask for the same objects with kubectl get -o yaml.",
  },
  "namespace-assumed": {
    title: "A table without a column NAMESPACE",
    means: "The objects are taken for those of namespace default.",
    todo: "Ask with -A, or with -o yaml.",
  },
  "partial-objects": {
    title: "Objects of which a table shows a part",
    means:
      "What has no column is unknown, not at its default. An object of the same name in YAML or JSON counts in place of the row.",
    todo: "Ask for the same with -o yaml where the missing fields matter.",
  },
  "table-not-enough": {
    title: "A table that shows too little to be of use",
    means: "It names objects, and not what they hold. Nothing was read from it.",
    todo: "Ask for the same with -o yaml.",
  },
} satisfies CodeTable;
