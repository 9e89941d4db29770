/** Logins that a program of the kubeconfig's prints, such as `aws eks get-token` (client.authentication.k8s.io). */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import * as z from "zod";
import { InventoryError } from "./inventory.ts";

const seconds = 60;

export const execPlugin = z.object({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
});

const printed = z.object({
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
  }),
});

export interface ExecCredential {
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * `home` is the folder that a command with a slash is seen from.
 * @throws InventoryError without anything that the program printed to its output
 */
export async function execCredential(
  { apiVersion, command, args, env, installHint }: z.output<typeof execPlugin>,
  home: string,
  environment: NodeJS.ProcessEnv,
): Promise<ExecCredential> {
  const info = { apiVersion, kind: "ExecCredential", spec: { interactive: false } };
  const output = await new Promise<string>((done, failed) => {
    const child = execFile(
      command.includes("/") ? resolve(home, command) : command,
      args ?? [],
      {
        env: {
          ...environment,
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(info),
        },
        timeout: seconds * 1000,
        killSignal: "SIGKILL",
      },
      (error, stdout, stderr) => {
        if (error === null) {
          done(stdout);
          return;
        }
        const hint = (installHint ?? "").trim().split("\n")[0] ?? "";
        const reason =
          error.code === "ENOENT"
            ? `is not installed${hint === "" ? "" : `: ${hint}`}`
            : error.killed === true
              ? `did not end within ${seconds} s`
              : `failed: ${stderr.trim().split("\n").at(-1)?.slice(0, 300) ?? ""}`;
        failed(new InventoryError(`the kubeconfig's program ${command} ${reason}`));
      },
    );
    // Nobody can be asked here.
    child.stdin?.end();
  });
  const { data } = printed.safeParse(jsonOf(output));
  if (data === undefined) {
    throw new InventoryError(`the kubeconfig's program ${command} printed no ExecCredential`);
  }
  const { token, clientCertificateData: cert, clientKeyData: key } = data.status;
  return { token, cert, key };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
