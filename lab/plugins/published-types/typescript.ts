import { createRequire } from "node:module";

import type TypeScript from "typescript";

/** The parser. An `import` would read all its nine megabytes for the names that it exports, at each plugin's start. */
export const ts = createRequire(import.meta.url)("typescript") as typeof TypeScript;
