import type { StatusReport } from "./status-report.ts";

/** The report for people: what is wrong first, then what there is. */
export function statusText(stack: string, report: StatusReport): string {
  const { certificate, disk } = report;
  const facts: [string, string][] = [
    ["version", report.version ?? "unknown"],
    ...(certificate === undefined
      ? []
      : [
          [
            "certificate",
            `ends ${certificate.endsAt}, in ${certificate.daysLeft} days; ${certificate.issuer}`,
          ] satisfies [string, string],
        ]),
    ...(disk === undefined
      ? []
      : [
          [
            "disk",
            `${disk.path}: ${gib(disk.used)} of ${gib(disk.total)} GiB used, ${gib(disk.free)} GiB free`,
          ] satisfies [string, string],
        ]),
    ...(report.dataVolume === undefined
      ? []
      : [["data volume", report.dataVolume] satisfies [string, string]]),
    ...report.services.map(({ name, state, health }): [string, string] => [
      name,
      health === "" ? state : `${state}, ${health}`,
    ]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return [
    `Harbor of the stack ${stack} at ${report.url} is ${report.healthy ? "healthy" : "NOT healthy"}`,
    ...report.problems.map((problem) => `  - ${problem}`),
    ...facts.map(([name, value]) => `  ${name.padEnd(width)}${value}`),
    "",
  ].join("\n");
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
