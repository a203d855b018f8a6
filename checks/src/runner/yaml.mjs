// Reads YAML as GitHub's own parser does, with the same library: standard input to JSON.
import { readFileSync } from "node:fs";
import { parse } from "yaml";

console.log(JSON.stringify(parse(readFileSync(0, "utf8"))));
