// Builds the GraphiQL page into dist/: stable names, minified, with a gzip sibling beside each
// large text file and the licences of everything inside. Anything unexpected ends the build.

import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { build } from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const outdir = path.join(root, 'dist');
const GZIP_FROM = 16 * 1024;

const options = {
  absWorkingDir: root,
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  entryNames: '[name]',
  assetNames: '[name]',
  jsx: 'automatic',
  legalComments: 'none', // LICENSES.txt holds the full texts
  loader: { '.ttf': 'file' },
  logLevel: 'warning',
  metafile: true,
  minify: true,
  outdir,
  target: 'es2022',
};

// Built as classic scripts: the page starts them without the module flag.
const workers = {
  'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
  'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
  'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
};

const expected = [
  'codicon.ttf',
  'editor.worker.js',
  'graphiql.css',
  'graphiql.js',
  'graphql.worker.js',
  'json.worker.js',
];

/** The package folders that gave the bundle at least one file. */
function packagesOf(results) {
  const folders = new Set();
  for (const input of results.flatMap((result) => Object.keys(result.metafile.inputs))) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder) folders.add(folder);
  }
  return [...folders].sort();
}

/** One text with the licence of each package. */
async function licencesOf(folders) {
  const sections = folders.map(async (folder) => {
    const { name, version, license } = JSON.parse(
      await readFile(path.join(root, folder, 'package.json'), 'utf8'),
    );
    const files = await readdir(path.join(root, folder));
    const file = files.find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(path.join(root, folder, file), 'utf8') : '';
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(sections)).join(`\n${'-'.repeat(80)}\n\n`);
}

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir);

const results = await Promise.all([
  build({ ...options, entryPoints: { graphiql: 'src/main.jsx' }, format: 'esm' }),
  build({ ...options, entryPoints: workers, format: 'iife' }),
]);

const warnings = results.flatMap((result) => result.warnings);
if (warnings.length > 0) throw new Error(`esbuild warned ${warnings.length} times`);

const packages = packagesOf(results);
const copies = packages.filter((folder) => folder.endsWith('node_modules/graphql'));
if (copies.length !== 1) throw new Error(`graphql must be bundled once, found: ${copies}`);

const built = (await readdir(outdir)).sort();
if (String(built) !== String(expected)) throw new Error(`expected ${expected}, built ${built}`);

await writeFile(path.join(outdir, 'LICENSES.txt'), await licencesOf(packages));

for (const name of (await readdir(outdir)).sort()) {
  const file = path.join(outdir, name);
  const content = await readFile(file);
  const compressible = content.length >= GZIP_FROM && !name.endsWith('.ttf');
  const packed = compressible ? await promisify(gzip)(content, { level: 9 }) : null;
  if (packed) await writeFile(`${file}.gz`, packed);
  console.log(name.padEnd(20), String(content.length).padStart(9), packed?.length ?? '');
}
