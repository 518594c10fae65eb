import { readFileSync } from "node:fs";
import { defineConfig, type UserConfig } from "tsdown";

/** The shell scripts that src/cli/collect/scripts.ts reads from the disk stand in the bundle as texts. */
const embeddedScripts = {
  name: "embedded-scripts",
  load: {
    filter: { id: /\/src\/cli\/collect\/scripts\.ts$/ },
    handler(id: string): string {
      const exports = readFileSync(id, "utf8").matchAll(/^export const (\w+) = text\("([\w.-]+)"\);$/gm);
      return [...exports]
        .map(([, name, file = ""]) => {
          const script = readFileSync(id.replace(/scripts\.ts$/, file), "utf8");
          return `export const ${name} = ${JSON.stringify(script)};`;
        })
        .join("\n");
    },
  },
};

const common = {
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: false,
  clean: true,
  outDir: "dist",
  // Everything inside: resolving packages and chunks costs more of a cold start than reading them.
  deps: { alwaysBundle: [/.*/] },
  plugins: [embeddedScripts],
} satisfies UserConfig;

export default defineConfig([
  { ...common, entry: { podpath: "src/cli/launch.ts" }, dts: false },
  {
    ...common,
    clean: false,
    // A script, not a module: only of scripts can a code cache be kept (src/cli/launch.ts).
    format: "cjs",
    entry: { command: "src/cli/main.ts" },
    dts: false,
    outputOptions: { codeSplitting: false },
    // Comments and blanks cost a cold start; names stay, for stack traces.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  },
  { ...common, entry: { index: "src/index.ts" }, dts: true, clean: false },
]);
