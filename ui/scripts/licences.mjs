// Which licences the packages of the interface carry: fails on one that nobody has looked at. Reads the lock file and,
// where that is silent, the installed package. `--list` prints them all, grouped by licence.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Only what occurs; a new one is a decision. OFL-1.1 is that of the fonts.
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "MPL-2.0",
  "OFL-1.1",
]);

const ui = join(dirname(fileURLToPath(import.meta.url)), "..");

/** What a package says its licence is, or null. */
function licenceOf(path, locked) {
  if (typeof locked.license === "string") return locked.license;
  const manifest = join(ui, path, "package.json");
  if (!existsSync(manifest)) return null;
  const { license } = JSON.parse(readFileSync(manifest, "utf8"));
  return typeof license === "string" ? license : null;
}

/** Whether an SPDX expression can be met by allowed licences alone: one side of an OR, both sides of an AND. */
function isAllowed(expression) {
  const words = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const one = () => {
    if (words[at] === "(") {
      at += 1;
      const inner = either();
      const closed = words[at] === ")";
      at += 1;
      return inner && closed;
    }
    const known = ALLOWED.has(words[at]);
    at += 1;
    return known;
  };
  const both = () => {
    let met = one();
    while (words[at] === "AND") {
      at += 1;
      met = one() && met;
    }
    return met;
  };
  const either = () => {
    let met = both();
    while (words[at] === "OR") {
      at += 1;
      met = both() || met;
    }
    return met;
  };
  // Anything left over (an exception, a stray word) was not understood, and what is not understood is not allowed.
  return either() && at === words.length;
}

const lock = JSON.parse(readFileSync(join(ui, "package-lock.json"), "utf8"));
const byLicence = new Map();
const refused = [];
for (const [path, locked] of Object.entries(lock.packages)) {
  if (path === "" || locked.link) continue;
  const name = `${path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${locked.version}`;
  const licence = licenceOf(path, locked);
  if (licence === null || !isAllowed(licence)) refused.push(`${name}: ${licence ?? "says no licence"}`);
  byLicence.set(licence, [...(byLicence.get(licence) ?? []), name]);
}

if (process.argv.includes("--list")) {
  for (const [licence, names] of [...byLicence].sort(([a], [b]) => String(a).localeCompare(String(b)))) {
    process.stdout.write(`${licence} (${names.length}): ${names.sort().join(", ")}\n`);
  }
}
if (refused.length > 0) {
  process.stderr.write(
    `These packages carry a licence that is not allowed in ui/scripts/licences.mjs:\n  ${refused.join("\n  ")}\n` +
      "Read the licence; then either allow it there or take another package.\n",
  );
  process.exitCode = 1;
} else if (!process.argv.includes("--list")) {
  const packages = [...byLicence.values()].flat().length;
  process.stdout.write(`${packages} packages, ${byLicence.size} licences, all allowed.\n`);
}
