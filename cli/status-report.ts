/** What the machine told of its Harbor, and what that means. */
import { z } from "zod";
import type { MachineOutput } from "../components/harbor/machine-schema.ts";

export interface Service {
  readonly name: string;
  /** Docker's word: `running`, `exited`, …; `missing` where there is no container. */
  readonly state: string;
  /** Docker's health check: `healthy`, `starting`, `unhealthy`, or empty where there is none. */
  readonly health: string;
}

export interface StatusReport {
  readonly healthy: boolean;
  readonly url: string;
  /** Harbor's, of the containers that are there. */
  readonly version: string | undefined;
  /** What keeps it from being healthy, with what to do. */
  readonly problems: readonly string[];
  readonly services: readonly Service[];
  /** Harbor's own view, by component: `healthy`, or its error. */
  readonly components: Readonly<Record<string, string>>;
  /** Bytes of the file system at `path`. */
  readonly disk: { path: string; total: number; used: number; free: number } | undefined;
  /** Where a volume belongs at the data's folder. Whether it is mounted is among the problems. */
  readonly dataVolume: string | undefined;
  /** As clients are given it. */
  readonly certificate: { endsAt: string; daysLeft: number; issuer: string } | undefined;
}

const day = 86_400_000;

/**
 * Days left at which a certificate is a problem, or a quarter of its life where that is less. Traefik renews weeks before:
 * so near the end, that has failed. The other ones are renewed by an `up`, which somebody has to run.
 */
const leastDays = { "letsencrypt-route53": 7, "self-signed": 30, provided: 30, none: 0 } as const;

const containerSchema = z.object({
  Service: z.string(),
  Image: z.string().default(""),
  State: z.string(),
  Health: z.string().default(""),
});

const healthSchema = z.object({
  status: z.string(),
  components: z
    .array(z.object({ name: z.string(), status: z.string(), error: z.string().optional() }))
    .default([]),
});

/** @param printed what the status operation printed: a fact a line, name, tab, value */
export function statusReport(machine: MachineOutput, printed: string, now: Date): StatusReport {
  const facts = factsOf(printed);
  const containers = facts("service").flatMap((line) => parsed(containerSchema, line) ?? []);
  const services = servicesOf(facts("expected"), containers);
  const health = facts("health").flatMap((line) => parsed(healthSchema, line) ?? [])[0];
  const components = Object.fromEntries(
    (health?.components ?? []).map(({ name, status, error }) => [
      name,
      status === "healthy" ? status : (error ?? status),
    ]),
  );
  const certificate = certificateOf(facts("certificate"), now);
  const lifeDays = lifeOf(facts("certificate"));
  const problems = [
    ...facts("problem"),
    ...serviceProblems(services),
    ...Object.entries(components).flatMap(([name, state]) =>
      state === "healthy" ? [] : [`Harbor's component ${name} is not healthy: ${state}`],
    ),
    ...(health === undefined && facts("health").length > 0
      ? [`${machine.url} gives no answer of Harbor's`]
      : []),
    ...certificateProblems(certificate, Math.min(leastDays[machine.tls], lifeDays / 4)),
  ];
  return {
    healthy: problems.length === 0 && health?.status === "healthy",
    url: machine.url,
    version: versionOf(containers.map(({ Image }) => Image)),
    problems,
    services,
    components,
    disk: diskOf(machine.dataDir, facts("disk")[0]),
    dataVolume: machine.dataDevice,
    certificate,
  };
}

function factsOf(printed: string): (name: string) => string[] {
  const lines = printed.split("\n").map((line) => {
    const tab = line.indexOf("\t");
    return { name: line.slice(0, tab), value: line.slice(tab + 1).trim() };
  });
  return (wanted) =>
    lines.filter(({ name, value }) => name === wanted && value !== "").map(({ value }) => value);
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function servicesOf(
  expected: readonly string[],
  containers: readonly z.infer<typeof containerSchema>[],
): Service[] {
  const names = new Set([...expected, ...containers.map(({ Service: name }) => name)]);
  return [...names].sort().map((name) => {
    const container = containers.find(({ Service: one }) => one === name);
    return { name, state: container?.State ?? "missing", health: container?.Health ?? "" };
  });
}

function serviceProblems(services: readonly Service[]): string[] {
  const off = services.filter(({ state }) => state !== "running");
  if (services.length > 0 && off.length === services.length) return ["Harbor is stopped: make start"];
  return [
    ...off.map(({ name, state }) => `the container of ${name} is ${state}`),
    ...services
      .filter(({ state, health }) => state === "running" && health !== "" && health !== "healthy")
      .map(({ name, health }) => `the container of ${name} is ${health}`),
  ];
}

function certificateOf(lines: readonly string[], now: Date): StatusReport["certificate"] {
  const end = dateIn(lines, "notAfter=");
  if (end === undefined) return undefined;
  const daysLeft = Math.floor((end.getTime() - now.getTime()) / day);
  return { endsAt: end.toISOString(), daysLeft, issuer: fieldIn(lines, "issuer=")?.trim() ?? "" };
}

/** Days from its first to its last moment. */
function lifeOf(lines: readonly string[]): number {
  const [start, end] = [dateIn(lines, "notBefore="), dateIn(lines, "notAfter=")];
  return start === undefined || end === undefined ? Infinity : (end.getTime() - start.getTime()) / day;
}

function dateIn(lines: readonly string[], name: string): Date | undefined {
  const date = new Date(fieldIn(lines, name) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function fieldIn(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(name))?.slice(name.length);
}

function certificateProblems(certificate: StatusReport["certificate"], least: number): string[] {
  if (certificate === undefined || certificate.daysLeft >= least) return [];
  const when = certificate.daysLeft < 0 ? "has ended" : "ends";
  return [`the certificate ${when} on ${certificate.endsAt}: see docs/runbooks/certificates.md`];
}

function versionOf(images: readonly string[]): string | undefined {
  return images.map((image) => /\/harbor-core:v([\w.-]+)/.exec(image)?.[1]).find((tag) => tag !== undefined);
}

function diskOf(path: string, line: string | undefined): StatusReport["disk"] {
  const [total, used, free] = line?.split(" ").map((kibibytes) => Number(kibibytes) * 1024) ?? [];
  return total === undefined || used === undefined || free === undefined
    ? undefined
    : { path, total, used, free };
}
