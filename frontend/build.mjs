// Bundles scripts and styles into hashed files beside a manifest and the icons, each also packed with gzip.
import { build, context } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const OUT = join(import.meta.dirname, "../src/litesoc_server/web/static/dashboard");
const ICONS = join(import.meta.dirname, "node_modules/lucide-static/icons");
const GZIP_LEVEL = 9;

// What a page asks for by name -> the hashed file that holds it now.
async function writeManifest(metafile) {
  const files = {};
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint) files[basename(output.entryPoint).replace(/\.ts$/, ".js")] = basename(path);
  }
  await writeFile(join(OUT, "manifest.json"), JSON.stringify(files, null, 1));
}

// The inner markup of each icon that icons.json names; the server writes it into pages.
async function writeIcons() {
  const names = JSON.parse(await readFile(join(import.meta.dirname, "icons.json"), "utf8"));
  const icons = {};
  for (const [name, file] of Object.entries(names)) {
    const svg = await readFile(join(ICONS, `${file}.svg`), "utf8");
    icons[name] = svg.replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "").replace(/\s+/g, " ").trim();
  }
  await writeFile(join(OUT, "icons.json"), JSON.stringify(icons, null, 1));
}

async function writePacked() {
  for (const name of await readdir(OUT)) {
    if (/\.(js|css)$/.test(name)) {
      await writeFile(join(OUT, `${name}.gz`), gzipSync(await readFile(join(OUT, name)), { level: GZIP_LEVEL }));
    }
  }
}

const finishing = {
  name: "finishing",
  setup(bundle) {
    bundle.onStart(async () => {
      await rm(OUT, { recursive: true, force: true });
      await mkdir(OUT, { recursive: true });
    });
    bundle.onEnd(async ({ metafile }) => {
      if (!metafile) return;
      await writeManifest(metafile);
      await writeIcons();
      await writePacked();
    });
  },
};

const options = {
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/app.ts", "styles/app.css"],
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark() in style sheets
  minify: true,
  metafile: true,
  legalComments: "none",
  logLevel: "info",
  plugins: [finishing],
};

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
}
