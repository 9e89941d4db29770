/** One stack of this program on the real engine with a file backend: what `make lab` and the tests run. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

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
    const kind = options.secret === true ? ["--secret"] : ["--plaintext"];
    await this.must(["config", "set", "--path", path, ...kind, ...this.#stack(), ...this.#config()], {
      stdin: value,
    });
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

  /** The state as the backend keeps it, secrets encrypted. */
  async state(): Promise<string> {
    return (await this.must(["stack", "export", ...this.#stack()])).stdout;
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
