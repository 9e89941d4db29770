/** All that this program makes in a Harbor, as Harbor's API shows it, without what every change moves. */

type Json = Readonly<Record<string, unknown>>;

export interface HarborState {
  /** By name, with what holds inside. */
  readonly projects: Readonly<Record<string, Json>>;
  readonly registries: readonly Json[];
  readonly robots: readonly Json[];
  readonly labels: readonly Json[];
  readonly replication: readonly Json[];
  readonly schedules: Json;
  /** Settings by Harbor's own names. */
  readonly settings: Json;
}

/** Times, and numbers that Harbor gives out. */
const MOVING = /^(.*_time|next_scheduled_time|project_id|retention_id|repo_count|owner_id)$/;

export async function harborState(api: (path: string) => Promise<unknown>): Promise<HarborState> {
  const list = async (path: string) => steady(await api(`${path}?page_size=0`)) as Json[];
  const projects = (await api("/projects?page_size=0")) as {
    project_id: number;
    name: string;
    metadata: Record<string, string>;
  }[];
  const inside = projects.map(async (project) => {
    const path = `/projects/${project.project_id}`;
    const retention = project.metadata["retention_id"];
    const ours = encodeURIComponent(`Level=project,ProjectID=${project.project_id}`);
    const [summary, members, rules, labels, webhooks, robots, kept] = await Promise.all([
      api(`${path}/summary`) as Promise<{ quota?: { hard: object } }>,
      list(`${path}/members`),
      list(`${path}/immutabletagrules`),
      api(`/labels?scope=p&project_id=${project.project_id}&page_size=0`),
      list(`${path}/webhook/policies`),
      api(`/robots?q=${ours}&page_size=0`),
      retention === undefined ? undefined : api(`/retentions/${retention}`),
    ]);
    const quota = summary.quota?.hard;
    const all = { ...project, quota, members, rules, labels, webhooks, robots, retention: kept };
    return [project.name, steady(all) as Json] as const;
  });
  const settings = (await api("/configurations")) as Record<string, { value: unknown }>;
  const schedule = async (job: string) => {
    // Each change of one has a number of its own.
    const found = steady((await api(`/system/${job}/schedule`)) ?? {}) as Json;
    return { ...found, id: undefined };
  };
  return {
    projects: Object.fromEntries(await Promise.all(inside)),
    registries: await list("/registries"),
    robots: await list("/robots"),
    labels: steady(await api("/labels?scope=g&page_size=0")) as Json[],
    replication: await list("/replication/policies"),
    schedules: {
      gc: await schedule("gc"),
      purge: await schedule("purgeaudit"),
      scan: await schedule("scanAll"),
    },
    settings: Object.fromEntries(Object.entries(settings).map(([key, { value }]) => [key, value])),
  };
}

/** Objects with a name in its order. */
function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !MOVING.test(key))
      .map(([key, inner]) => [key, steady(inner)]),
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const { name, entity_name: entity, id } = value as Json;
  return JSON.stringify(name ?? entity ?? id ?? value);
}
