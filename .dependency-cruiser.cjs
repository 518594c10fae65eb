/** The floors of the house, foundations first: a file imports only from its own floor or from one listed before it. */
const floors = [
  "net",
  "model",
  "linux",
  "emulator",
  "trace",
  "bgp",
  "kubernetes",
  "calico",
  "readers",
  "analysis",
  "diagnosis",
  "report",
  "lab",
  "cli",
  "web",
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...floors.map((floor, index) => ({
      name: `floor-${floor}`,
      comment: `src/${floor} must not import from a floor above it`,
      severity: "error",
      from: { path: `^src/${floor}/` },
      to: { path: `^src/(${floors.slice(index + 1).join("|") || "none"})/` },
    })),
    {
      name: "isomorphic",
      comment: "only src/cli (and src/web) may touch Node.js: everything else runs in a browser",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli|web)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "floors-only",
      comment: "every file stands on a floor",
      severity: "error",
      from: { path: "^src/", pathNot: `^src/(${floors.join("|")})/|^src/index\\.ts$` },
      to: {},
    },
    {
      name: "no-development-packages",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "unknown"] },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    exclude: { path: "^node_modules/(?!.*)" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
