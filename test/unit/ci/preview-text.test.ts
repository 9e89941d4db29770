import { describe, expect, test } from "vitest";

import { LONGEST, markerOf, previewText } from "../../../ci/preview-text.ts";

const output = `Previewing update (prod):
  pulumi:pulumi:Stack: (same)
    ~ aws:ec2/instance:Instance: (update)
Resources:
    ~ 1 to update
    26 unchanged
`;

test("a preview is told with its marker, its end and what Pulumi printed", () => {
  expect(previewText({ stack: "prod", outcome: "success", output, log: "https://ci/1" })).toBe(
    `<!-- harbor-cache preview of prod -->
### prod: the preview passes

- ~ 1 to update
- 26 unchanged

[The whole log](https://ci/1)

<details><summary>What Pulumi says</summary>

\`\`\`
${output.trim()}
\`\`\`

</details>
`,
  );
});

test.each(["failure", "failed", "cancelled", ""])("an outcome %j is none that passes", (outcome) => {
  expect(previewText({ stack: "prod", outcome, output })).toContain("### prod: the preview fails\n");
});

test("output that never came to its summary is told as it is", () => {
  const text = previewText({
    stack: "prod",
    outcome: "failure",
    output: "error: no stack named 'prod' found",
  });
  expect(text).toContain("\n```\nerror: no stack named 'prod' found\n```\n");
  expect(text).not.toContain("\n- ");
});

test("the output can't end its own block", () => {
  const text = previewText({ stack: "prod", outcome: "success", output: "a\n````\n</details> @everyone\n" });
  expect(text).toContain("\n`````\na\n````\n</details> @everyone\n`````\n");
});

describe("a long output", () => {
  const long = `FIRST\n${"x".repeat(200_000)}\nLAST\n\nResources:\n    + 26 to create\n`;
  const text = previewText({ stack: "prod", outcome: "success", output: long });

  test("is cut to what GitHub takes, and to no less", () => {
    expect(text.length).toBeLessThanOrEqual(LONGEST);
    expect(text.length).toBeGreaterThan(LONGEST - 10);
    expect(LONGEST).toBe(65_536);
  });

  test("keeps its beginning and its end", () => {
    expect(text.startsWith(markerOf("prod"))).toBe(true);
    expect(text).toContain("FIRST\nx");
    expect(text).toContain("[… the log has what is left out here …]");
    expect(text).toContain("x\nLAST\n\nResources:\n    + 26 to create\n```\n\n</details>\n");
    expect(text).toContain("\n- + 26 to create\n");
  });

  test("that just fits is whole", () => {
    const around = previewText({ stack: "prod", outcome: "success", output: "" }).length;
    const fits = previewText({ stack: "prod", outcome: "success", output: "y".repeat(LONGEST - around) });
    expect(fits).toHaveLength(LONGEST);
    expect(fits).not.toContain("…");
  });
});
