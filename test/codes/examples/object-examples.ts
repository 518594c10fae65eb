import type { OBJECT_CODES } from "../../../src/model/codes/object-codes.ts";
import { type ExamplesOf, snapshot } from "../example.ts";

const PODS =
  "NAME   READY   STATUS    RESTARTS   AGE   IP            NODE   NOMINATED NODE   READINESS GATES\nweb    1/1     Running   0          5d    192.168.1.2   n1     <none>           <none>\n";

export const OBJECT_EXAMPLES: ExamplesOf<typeof OBJECT_CODES> = {
  "cut-list": snapshot({
    "cluster/endpoints.txt":
      "NAMESPACE   NAME   ENDPOINTS                                                     AGE\nshop        web    192.168.1.2:80,192.168.1.3:80,192.168.1.4:80 + 2 more...      5d\n",
  }),
  "describe-not-enough": snapshot({
    "cluster/pod.txt":
      "Name:             web\nNamespace:        shop\nPriority:         0\nNode:             n1/172.16.0.11\nStatus:           Running\nIP:               192.168.1.2\n",
  }),
  "namespace-assumed": snapshot({ "cluster/pods.txt": PODS }),
  "partial-objects": snapshot({ "cluster/pods.txt": PODS }),
  "table-not-enough": snapshot({
    "cluster/policies.txt": "NAMESPACE   NAME       POD-SELECTOR   AGE\nshop        deny-all   <none>         5d\n",
  }),
};
