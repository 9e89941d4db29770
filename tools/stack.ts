/** One stack of this program on the real engine with a file backend: what `make lab` and the tests run. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse, parseDocument } from "yaml";

import type { Engine } from "./engine.ts";
import { PROJECT_ROOT } from "./engine.ts";
import { run } from "./run.ts";
import type { Ended } from "./run.ts";

export interface StackOptions {
  readonly engine: Engine;
  readonly name: string;
  /** Folder of the file backend; made where missing. */
  readonly backend: string;
  /** Stack configuration file, absolute. It also keeps the stack's encryption salt. */
  readonly configFile: string;
  /** Default: this project. */
  readonly project?: string;
  readonly passphrase?: string;
  /** Added to the engine's environment. */
  readonly env?: Record<string, string>;
  /** Sees the engine's output as it comes. */
  readonly onOutput?: (text: string) => void;
}

export type Operation = "up" | "preview" | "refresh" | "destroy";

/** Resources by what was (or would be) done to them: `create`, `update`, `same`, … as the engine counts. */
export type Changes = Record<string, number>;

export interface Outcome extends Ended {
  /** Both streams as a user sees them. */
  readonly output: string;
}

export class Stack {
  readonly options: StackOptions;

  constructor(options: StackOptions) {
    this.options = options;
  }

  /** Environment for somebody who wants to look around in this stack with the CLI. */
  get env(): Record<string, string> {
    return {
      ...this.options.engine.env,
      PULUMI_BACKEND_URL: `file://${this.options.backend}`,
      PULUMI_CONFIG_PASSPHRASE: this.options.passphrase ?? "",
      ...this.options.env,
    };
  }

  /** Any command of the CLI on this stack; never throws for its exit code. */
  async pulumi(
    args: readonly string[],
    { quiet = false, ...options }: { stdin?: string; timeout?: number; quiet?: boolean } = {},
  ): Promise<Outcome> {
    const said: string[] = [];
    const ended = await run(this.options.engine.pulumi, [...args, "--non-interactive", "--color", "never"], {
      ...options,
      cwd: this.#project,
      env: this.env,
      onOutput: (text) => {
        said.push(text);
        if (!quiet) this.options.onOutput?.(text);
      },
    });
    return { ...ended, output: said.join("") };
  }

  async init(): Promise<void> {
    await mkdir(this.options.backend, { recursive: true });
    // `stack init` writes Pulumi.<name>.yaml beside Pulumi.yaml; here that must not touch the project's own files.
    const elsewhere = await mkdtemp(join(tmpdir(), "stack-init-"));
    try {
      const project = parse(await readFile(join(this.#project, "Pulumi.yaml"), "utf8")) as { name: string };
      await writeFile(join(elsewhere, "Pulumi.yaml"), `name: ${project.name}\nruntime: nodejs\n`);
      await this.must(["stack", "init", ...this.#stack(), "--cwd", elsewhere]);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  }

  /** Sets one value by path; a secret's text goes over stdin and never into the arguments. */
  async setConfig(path: string, value: string, options: { secret?: boolean } = {}): Promise<void> {
    if (options.secret === true) {
      const args = ["config", "set", "--path", path, "--secret", ...this.#stack(), ...this.#config()];
      await this.must(args, { stdin: value });
    } else await setPlainly(this.options.configFile, path, value);
  }

  /** Runs an operation without asking; its exit code is the caller's to judge. */
  run(operation: Operation, ...more: string[]): Promise<Outcome> {
    const yes = operation === "preview" ? [] : ["--yes", "--skip-preview"];
    return this.pulumi([operation, ...yes, ...this.#stack(), ...this.#config(), ...more]);
  }

  /** As `run`, but a failure is an error with the engine's own words. */
  async mustRun(operation: Operation, ...more: string[]): Promise<Outcome> {
    const outcome = await this.run(operation, ...more);
    if (outcome.code !== 0)
      throw new Error(`pulumi ${operation} failed (${outcome.code}):\n${outcome.output}`);
    return outcome;
  }

  /**
   * `up` with its preview in one run, for half of what two cost: what both say of it, without `same`. An error where
   * the up fails, or did something else than its preview said.
   */
  async upAsPreviewed(...more: string[]): Promise<Changes> {
    const { output } = await this.must(["up", "--yes", ...this.#stack(), ...this.#config(), ...more]);
    const [said = {}, done, ...others] = output
      .split(/^Resources:$/m)
      .slice(1)
      .map(countsIn);
    if (others.length > 0 || JSON.stringify(said) !== JSON.stringify(done))
      throw new Error(`the up did something else than its preview said:\n${output}`);
    return said;
  }

  /** What a preview says would change, without its `same`. Refreshed first where asked. */
  async pending(...more: string[]): Promise<Changes> {
    const outcome = await this.must(["preview", "--json", ...this.#stack(), ...this.#config(), ...more]);
    const summary = JSON.parse(outcome.stdout) as { changeSummary?: Changes };
    return Object.fromEntries(
      Object.entries(summary.changeSummary ?? {}).filter(([kind, count]) => kind !== "same" && count > 0),
    );
  }

  /** Outputs, with secrets in clear: for proofs only, never print it. */
  async outputs(): Promise<Record<string, unknown>> {
    const args = ["stack", "output", "--json", "--show-secrets", ...this.#stack()];
    const outcome = await this.must(args, { quiet: true });
    return JSON.parse(outcome.stdout) as Record<string, unknown>;
  }

  /** The state as the backend keeps it, secrets encrypted, in the form of `pulumi stack export`. */
  async state(): Promise<string> {
    const project = parse(await readFile(join(this.#project, "Pulumi.yaml"), "utf8")) as { name: string };
    const file = join(this.options.backend, ".pulumi/stacks", project.name, `${this.options.name}.json`);
    const { version, checkpoint } = JSON.parse(await readFile(file, "utf8")) as {
      version: number;
      checkpoint: { latest?: object };
    };
    return JSON.stringify({ version, deployment: checkpoint.latest ?? {} }, undefined, 4);
  }

  async must(
    args: readonly string[],
    options: { readonly stdin?: string; readonly quiet?: boolean } = {},
  ): Promise<Outcome> {
    const outcome = await this.pulumi(args, options);
    if (outcome.code !== 0)
      throw new Error(`pulumi ${args.slice(0, 2).join(" ")} failed (${outcome.code}):\n${outcome.output}`);
    return outcome;
  }

  get #project(): string {
    return this.options.project ?? PROJECT_ROOT;
  }

  #stack(): string[] {
    return ["--stack", this.options.name];
  }

  #config(): string[] {
    return ["--config-file", this.options.configFile];
  }
}

/** Of a summary's lines, such as `+ 2 created` and `+-1 to replace`. */
const countsIn = (summary: string): Changes =>
  Object.fromEntries(
    [...summary.matchAll(/^ +[-+~]+ ?(\d+) (?:to )?(create|update|delete|replace)d?$/gm)].map(
      ([, count, kind]) => [kind ?? "", Number(count)],
    ),
  );

/** What `pulumi config set --plaintext --path` writes, without half a second of the CLI. */
async function setPlainly(file: string, path: string, value: string): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8").catch(() => ""));
  const [setting = "", ...keys] = path.split(/[.[\]]+/).filter(Boolean);
  // In an object numbers and booleans have their type; a setting of its own is always text.
  const typed = keys.length > 0 && /^(true|false|0|-?[1-9]\d*)$/.test(value);
  const within = keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  document.setIn(["config", setting, ...within], typed ? (JSON.parse(value) as unknown) : value);
  await writeFile(file, document.toString({ lineWidth: 0 }));
}
