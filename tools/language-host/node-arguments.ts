/** Node's arguments that make Pulumi's SDK load less: see quick-start.ts. */
export const QUICK_START = ["--import", import.meta.resolve("./quick-start.ts")];
