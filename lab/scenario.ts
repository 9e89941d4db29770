/**
 * What the lab proves, step by step. It runs against any environment that has the parts named here: the embedded one
 * of `make lab`, or real sshd, Docker and registries.
 */
import { existsSync } from "node:fs";
import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import type { Stack } from "../tools/stack.ts";
import type { PullClient } from "./client/clients.ts";
import { warmImage } from "./client/warm.ts";
import { readAll } from "./upstream/http-client.ts";
import { ask } from "./upstream/registry-client.ts";

export interface LabNode {
  readonly name: string;
  /** What is /etc/containers there. */
  readonly containers: string;
}

export interface Service {
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface Environment {
  readonly stack: Stack;
  readonly nodes: readonly LabNode[];
  readonly harbor: Service & {
    /** `host:port` as the nodes know it; plain HTTP. */
    readonly registry: string;
    /** Project that caches the upstream. */
    readonly project: string;
    readonly installDir: string;
    readonly dataDir: string;
    readonly accessLog: string;
  };
  readonly upstream: Service & {
    /** `host:port` as image references name it. */
    readonly registry: string;
    readonly repository: string;
    /** Images that the upstream holds: to be pulled by its tag only, to be kept for an outage, and for the nodes' proof. */
    readonly tags: { readonly pulled: string; readonly kept: string; readonly verified: string };
  };
  readonly client: PullClient;
  /** Seconds that Harbor may take to cache in the background: 20 and more on a real one. */
  readonly cachingSeconds: number;
}

export interface Step {
  readonly title: string;
  /** Proves the title or throws; returns the proof in lines for people. */
  readonly run: (lab: Environment) => Promise<readonly string[]>;
}

const artifacts = z.array(z.object({ tags: z.array(z.object({ name: z.string() })).nullish() }));

export const scenario: readonly Step[] = [
  {
    title: "first up: the machine becomes Harbor, Harbor a cache, the nodes get their files",
    run: async (lab) => {
      const { stack, harbor, upstream } = lab;
      let output = "";
      const lines = await harborSees(lab, async () => {
        ({ output } = await stack.mustRun("up"));
      });
      const proof = `manifests/${upstream.tags.verified} `;
      const pulls = manifests(lines).filter((line) => line.includes(proof));
      if (pulls.length < lab.nodes.length) throw new Error(`not every node pulled: ${pulls.join(", ")}`);
      return [
        `${changes(output)}; Harbor is at http://${harbor.registry}`,
        "the rollout, a canary first:",
        ...rollout(output, lab.nodes),
        `each node's own runtime pulled ${reference(lab, upstream.tags.verified)}; Harbor's log:`,
        ...pulls,
      ];
    },
  },
  {
    title: "second up: nothing changes",
    run: async ({ stack }) => [changes((await stack.mustRun("up", "--expect-no-changes")).output)],
  },
  {
    title: "each node has its mirror file",
    run: async ({ nodes, harbor, upstream }) => {
      const contents = await Promise.all(nodes.map(dropInOf));
      for (const [index, { text }] of contents.entries()) {
        const mirror = `location = "${harbor.registry}/${harbor.project}"`;
        if (text.includes(mirror) && text.includes(`location = "${upstream.registry}"`)) continue;
        throw new Error(`${nodes[index]?.name ?? ""} has no mirror with ${mirror}:\n${text}`);
      }
      const [first] = contents;
      const lines = first?.text.split("\n").filter((line) => line !== "" && !line.startsWith("#")) ?? [];
      return [`${nodes.length} nodes, ${first?.path ?? ""}:`, ...lines];
    },
  },
  {
    title: "a pull on a node comes through the cache",
    run: async (lab) => {
      const { pulled } = lab.upstream.tags;
      const lines = await harborSees(lab, () => pull(lab, pulled));
      return [`${lab.client.name} pulled ${reference(lab, pulled)}; Harbor's log:`, ...manifests(lines)];
    },
  },
  {
    title: "upstream stopped: the cache serves",
    run: async (lab) => {
      const { harbor, upstream } = lab;
      const { kept } = upstream.tags;
      // Harbor keeps a tag only for clients that ask by HEAD and go on by digest, as containerd does. One that comes
      // by GET and tag, as skopeo and CRI-O do, and comes first, leaves no tag.
      const repository = `${harbor.registry}/${harbor.project}/${upstream.repository}`;
      await warmImage({ repository, insecure: true }, kept);
      await until(lab.cachingSeconds, "Harbor has not cached the tag", () => tagIsCached(lab, kept));
      await upstream.stop();
      try {
        await refuses(`http://${upstream.registry}/v2/`);
        const lines = await harborSees(lab, () => pull(lab, kept));
        return [
          `${reference(lab, kept)} was warmed by HEAD and digest; now ${upstream.registry} refuses connections,`,
          "and the pull succeeds; Harbor's log:",
          ...manifests(lines),
        ];
      } finally {
        await upstream.start();
      }
    },
  },
  {
    title: "Harbor stopped: the nodes pull from the upstream",
    run: async (lab) => {
      await lab.harbor.stop();
      try {
        await refuses(`http://${lab.harbor.registry}/v2/`);
        await pull(lab, lab.upstream.tags.pulled);
        return [`http://${lab.harbor.registry} refuses connections, the pull succeeds`];
      } finally {
        await lab.harbor.start();
      }
    },
  },
  {
    title: "a file edited by hand on a node: refresh shows it, up mends it",
    run: async ({ stack, nodes }) => {
      const node = nodes[1] ?? nodes[0];
      if (node === undefined) throw new Error("there is no node");
      const before = await dropInOf(node);
      await appendFile(before.path, "# edited by hand\n");
      const refreshed = await stack.mustRun("refresh");
      const seen = refreshed.output.split("\n").filter((line) => /~ .*MirrorPool/.test(line));
      if (seen.length === 0) throw new Error(`refresh did not show the edited file:\n${refreshed.output}`);
      const mended = await stack.mustRun("up");
      if ((await dropInOf(node)).text !== before.text) throw new Error(`up did not mend ${before.path}`);
      return [
        `refresh: ${changes(refreshed.output)}`,
        `up: ${changes(mended.output)}; ${node.name} has its file again`,
      ];
    },
  },
  {
    title: "destroy: nothing stays behind but the data",
    run: async ({ stack, nodes, harbor }) => {
      const { output } = await stack.mustRun("destroy");
      const left = (await Promise.all(nodes.map(ourFiles))).flat();
      if (left.length > 0) throw new Error(`left on the nodes: ${left.join(", ")}`);
      await refuses(`http://${harbor.registry}/v2/`);
      if (existsSync(harbor.installDir)) throw new Error(`${harbor.installDir} is still there`);
      const data = await readdir(harbor.dataDir);
      if (!data.includes("registry")) throw new Error(`the cached images in ${harbor.dataDir} are gone`);
      return [
        changes(output),
        `${harbor.dataDir} keeps ${data.filter((name) => !name.startsWith(".")).join(", ")}`,
      ];
    },
  },
];

const reference = ({ upstream }: Environment, tag: string): string =>
  `${upstream.registry}/${upstream.repository}:${tag}`;

async function pull(lab: Environment, tag: string): Promise<void> {
  const [node] = lab.nodes;
  if (node === undefined) throw new Error("there is no node");
  await lab.client.pull(node.containers, reference(lab, tag));
}

/** Our files in a node's registries.conf.d. */
async function ourFiles({ containers }: LabNode): Promise<string[]> {
  const folder = join(containers, "registries.conf.d");
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.includes("harbor-cache")).map((name) => join(folder, name));
}

async function dropInOf(node: LabNode): Promise<{ path: string; text: string }> {
  const [path] = await ourFiles(node);
  if (path === undefined)
    throw new Error(`${node.name} has no file of ours in ${node.containers}/registries.conf.d`);
  return { path, text: await readFile(path, "utf8") };
}

/** What Harbor logged of pulls while `work` ran; an error where that is nothing. */
async function harborSees({ harbor }: Environment, work: () => Promise<void>): Promise<string[]> {
  // Before the first up there is none.
  const log = () => readFile(harbor.accessLog).catch(() => Buffer.alloc(0));
  const before = (await log()).length;
  await work();
  const lines = async () =>
    (await log())
      .subarray(before)
      .toString("utf8")
      .split("\n")
      .filter((line) => line.includes(`/v2/${harbor.project}/`));
  await until(
    5,
    `the pull does not show in ${harbor.accessLog}`,
    async () => manifests(await lines()).length > 0,
  );
  return lines();
}

/** The provider's table of the nodes: the canary, and then all the others, are done. */
function rollout(output: string, nodes: readonly LabNode[]): string[] {
  const rows = nodes.map(({ name }, index) => {
    const wave = index === 0 ? "canary" : String.raw`\d+`;
    return new RegExp(String.raw`^ +(${name} +${wave} +done +[\d.]+)$`, "m").exec(output)?.[1] ?? "";
  });
  if (rows.includes("")) throw new Error(`not every node was rolled out to, canary first:\n${output}`);
  return rows;
}

/** `GET /v2/… 200 served=cache` of each manifest that was handed out. */
function manifests(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const match = /"(GET \S*\/manifests\/\S+) [^"]*" (200) .*?(served=\S+)?$/.exec(line);
    return match === null
      ? []
      : [
          match
            .slice(1)
            .join(" ")
            .replace(/(sha256:.{12})\w+/, "$1…")
            .trim(),
        ];
  });
}

async function tagIsCached({ harbor, upstream }: Environment, tag: string): Promise<boolean> {
  const name = encodeURIComponent(encodeURIComponent(upstream.repository));
  const path = `/api/v2.0/projects/${harbor.project}/repositories/${name}/artifacts?with_tag=true`;
  const answer = await ask({ url: `http://${harbor.registry}` }, path);
  const text = (await readAll(answer.body)).toString();
  if (answer.status !== 200) return false;
  return artifacts.parse(JSON.parse(text)).some(({ tags }) => tags?.some((one) => one.name === tag));
}

async function refuses(url: string): Promise<void> {
  const answered = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    ({ status }) => status,
    () => undefined,
  );
  if (answered !== undefined) throw new Error(`${url} still answers: ${answered}`);
}

async function until(seconds: number, failure: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${failure} after ${seconds} s`);
    await pause(100);
  }
}

/** The engine's own count: `31 created`, `2 updated, 29 unchanged`. */
function changes(output: string): string {
  const counts = output.split(/^Resources:$/m)[1] ?? "";
  const lines = [
    ...counts.matchAll(/^\s+(?:[+~-]+ )?(\d+ (?:created|updated|deleted|unchanged|replaced|to \w+))/gm),
  ];
  return lines.map(([, count]) => count).join(", ") || "nothing to do";
}
