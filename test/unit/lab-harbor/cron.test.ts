import { describe, expect, test } from "vitest";
import { cronProblem, nextRun, syntaxProblem } from "../../../lab/harbor/cron.ts";

test.each([
  ["", "empty cron string is invalid"],
  ["0 0 * * *", "expected exactly 6 fields, found 5: [0 0 * * *]"],
  ["0  0 0 * * * *", "expected exactly 6 fields, found 7: [0 0 0 * * * *]"],
  ["@daily", "parser does not accept descriptors: @daily"],
  ["5 0 0 * * *", "the 1st field (indicating Seconds of time) of the cron setting must be 0"],
  ["0 60 0 * * *", "end of range (60) above maximum (59): 60"],
  ["0 0 24 * * *", "end of range (24) above maximum (23): 24"],
  ["0 0 0 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["0 0 0 * * 7", "end of range (7) above maximum (6): 7"],
  ["0 30-10 0 * * *", "beginning of range (30) beyond end of range (10): 30-10"],
  ["0 */0 0 * * *", "step of range should be a positive number: */0"],
  ["0 1-2-3 0 * * *", "too many hyphens: 1-2-3"],
  ["0 */2/3 0 * * *", "too many slashes: */2/3"],
  ["0 x 0 * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ["0 0 0 * * monday", 'failed to parse int from monday: strconv.Atoi: parsing "monday": invalid syntax'],
])("%j is refused", (cron, problem) => {
  expect(cronProblem(cron)).toBe(problem);
});

test("seconds other than 0 are a matter of Harbor's own, not of the syntax", () => {
  expect(syntaxProblem("* * * * * *")).toBeUndefined();
});

// 21 November 2026 is a Saturday.
describe("the next run after 2026-11-21T02:39:58.313Z", () => {
  test.each([
    ["0 0 0 * * *", "2026-11-22T00:00:00.000Z"],
    ["0 * * * * *", "2026-11-21T02:40:00.000Z"],
    ["0 0 * * * *", "2026-11-21T03:00:00.000Z"],
    ["0 39 2 * * *", "2026-11-22T02:39:00.000Z"],
    ["0 0 0 * * 0", "2026-11-22T00:00:00.000Z"],
    ["0 0 0 * * MON-FRI", "2026-11-23T00:00:00.000Z"],
    ["0 30 2 1 * ?", "2026-12-01T02:30:00.000Z"],
    ["0 0 0 29 2 *", "2028-02-29T00:00:00.000Z"],
    ["0 15/20 4,5 * jan,FEB *", "2027-01-01T04:15:00.000Z"],
    // Both days named: one of them is enough. With a step, `*` is no longer any day.
    ["0 0 0 1 * wed", "2026-11-25T00:00:00.000Z"],
    ["0 0 0 */2 * wed", "2026-11-23T00:00:00.000Z"],
  ])("of %s", (cron, expected) => {
    expect(cronProblem(cron)).toBeUndefined();
    expect(nextRun(cron, new Date("2026-11-21T02:39:58.313Z"))?.toISOString()).toBe(expected);
  });

  test("of a day that never comes is none", () => {
    expect(nextRun("0 0 0 30 2 *", new Date("2026-11-21T02:39:58.313Z"))).toBeUndefined();
  });
});
