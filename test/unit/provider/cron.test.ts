/** Crons, checked as Harbor's parser would. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { syntaxProblem } from "../../../lab/harbor/cron.ts";
import { cron, cronProblem } from "../../../provider/harbor/cron.ts";

test.each([
  "0 0 0 * * *",
  "0 30 2 * * *",
  "0 */15 * * * *",
  "0 5/15 0-6,22 ? JAN-mar,12 Mon",
  "0 0 0 1-31/2 * 0-6",
  "0 0 0 31 1,2 *",
  "0 0 0 29 2 ?",
  "0 0 0 30 2 MON",
  "0 0 0 30 2 */2",
])("%s is right", (text) => {
  expect(cronProblem(text)).toBeUndefined();
});

test.each([
  ["", /six fields \(second, minute, .*it has 0$/],
  ["0 0 * * *", /it has 5\. Did you mean '0 0 0 \* \* \*'\?/],
  ["@daily", /no words such as @daily/],
  ["TZ=UTC 0 0 0 * * *", /it has 7/],
  ["60 0 0 * * *", /^second: '60' must be 0 to 59$/],
  ["0 0 24 * * *", /^hour: '24' must be 0 to 23$/],
  ["0 0 0 0 * *", /^day of month: '0' must be 1 to 31$/],
  ["0 0 0 * 13 *", /^month: '13' must be 1 to 12 or JAN-DEC$/],
  ["0 0 0 * * 7", /^day of week: '7' must be 0 to 6 or SUN-SAT$/],
  ["0 0 0 * * sunday", /'sunday' must be/],
  ["0 0 5-1 * * *", /begins after its end/],
  ["0 */0 * * * *", /minute: '\*\/0' is no value/],
  ["0 1-2-3 * * * *", /minute: '1-2-3' is no value/],
  ["0 1,,2 * * * *", /minute: '' is no value/],
  ["0 -5 * * * *", /minute: '-5' is no value/],
  ["0 0 0 30 2 *", /never comes/],
  ["0 0 0 31 4,6 ?", /never comes/],
  ["* * * * * *", /0 as its seconds/],
  ["0,30 * * * * *", /0 as its seconds/],
])("'%s' is wrong", (text, reason) => {
  expect(cronProblem(text)).toMatch(reason);
});

test("blanks are single", () => {
  expect(cron.parse(" 0  0\t0 * * * ")).toBe("0 0 0 * * *");
});

test("what is found right, Harbor's parser takes", () => {
  const value = (min: number, max: number) => {
    const number = fc.integer({ min: min - 1, max: max + 1 }).map(String);
    const range = fc.tuple(number, number).map(([a, b]) => `${a}-${b}`);
    const whole = fc.oneof(fc.constantFrom("*", "?"), number, range);
    return fc.oneof(
      whole,
      fc.tuple(whole, fc.integer({ min: 0, max: 70 })).map(([a, step]) => `${a}/${step}`),
      fc.tuple(whole, whole).map(([a, b]) => `${a},${b}`),
    );
  };
  const fields = [value(0, 59), value(0, 23), value(1, 31), value(1, 12), value(0, 6)];
  let right = 0;
  fc.assert(
    fc.property(fc.tuple(...fields), (parts) => {
      const text = `0 ${parts.join(" ")}`;
      const [ours, harbors] = [cronProblem(text), syntaxProblem(text)];
      if (ours === undefined) {
        right++;
        expect(harbors).toBeUndefined();
        // It may be right for Harbor and never come.
      } else if (harbors === undefined) expect(ours).toMatch(/never comes/);
    }),
    { numRuns: 500 },
  );
  expect(right).toBeGreaterThan(50);
});
