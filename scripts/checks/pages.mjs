// What pages point at is there: files that they link to, and tests that they name as guards.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { trackedFiles } from "./committed.mjs";

export const what =
  "pages link to files that are there, and name tests that are there";

/** @returns {string[]} */
export function check(base) {
  return trackedFiles(base)
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) => {
      const text = readFileSync(join(base, file), "utf8");
      return [
        ...deadLinks(base, file, text),
        ...missingTests(base, file, text),
      ];
    });
}

function deadLinks(base, file, text) {
  return [
    ...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g),
  ]
    .filter(([, target, part]) => {
      const place = target === "" ? file : join(dirname(file), target);
      if (!existsSync(join(base, place))) return true;
      return part !== undefined && place.endsWith(".md")
        ? !headings(readFileSync(join(base, place), "utf8")).includes(part)
        : false;
    })
    .map(([, target, part]) => {
      const to = part === undefined ? target : `${target}#${part}`;
      return `${file} links to ${to}, which is not there.`;
    });
}

/** The headings of a page as links name them. */
function headings(text) {
  return [...text.matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  );
}

/** A guard is written as `path/of/a.test.ts`: "title", "another title". */
function missingTests(base, file, text) {
  const guards = [
    ...text.matchAll(/`([\w./-]+\.test\.ts)`:((?:,? *"[^"]+")+)/g),
  ];
  return guards.flatMap(([, path, titles]) => {
    const place = join(base, path);
    if (!existsSync(place))
      return [`${file} names ${path}, which is not there.`];
    const tests = readFileSync(place, "utf8");
    return [...titles.matchAll(/"([^"]+)"/g)]
      .map(([, title]) => title)
      .filter((title) => !tests.includes(title))
      .map(
        (title) =>
          `${file} names the test "${title}", which ${path} does not have.`,
      );
  });
}
