// Puts the page together, all but what one report brings: its title, verdicts and records.
//
//   node assemble.mjs NODE_MODULES OUTPUT
//
// The result has the placeholders {{title}}, {{plain}} and {{records}} left.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, output] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const read = (...parts) => readFileSync(join(...parts), "utf8");

const packages = ["vega", "vega-lite", "vega-embed"];
const client = ["dom.js", "format.js", "verdicts.js", "figure_data.js", "figure_spec.js",
                "figures.js", "experiments.js", "page.js"];

const parts = {
  licences: packages.map((name) => `${name}\n${read(modules, name, "LICENSE")}\n`).join(""),
  style: read(here, "report.css"),
  libraries: packages
    .map((name) => read(modules, name, "build", `${name}.min.js`))
    .map((code) => code.replace(/^\/\/# sourceMappingURL=.*$/m, ""))
    .join("\n;\n"),
  client: client.map((file) => read(here, file)).join("\n"),
};

for (const name of ["libraries", "client"]) {
  if (/<\/script|<!--/i.test(parts[name])) throw new Error(`${name} would end its script element`);
}
if (parts.licences.includes("-->")) throw new Error("a licence would end its comment");

// A function as replacement: the code holds "$&" and the like, which are to stay as they are.
const page = read(here, "report.html").replace(/\{\{(\w+)\}\}/g, (all, name) => parts[name] ?? all);
writeFileSync(output, page);
