import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { podpath: "src/cli/main.ts", index: "src/index.ts" },
  format: "esm",
  platform: "node",
  target: "node20",
  dts: { entry: ["src/index.ts"] },
  sourcemap: false,
  clean: true,
  outDir: "dist",
});
