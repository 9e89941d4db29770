/** Recorded exchanges that the stand-in answers otherwise, each with its reason: `file:seq`. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  "05-projects:36": "a number beyond JavaScript's precision: the same error, but other digits in its words",
};
