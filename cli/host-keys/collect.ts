/** Asks hosts for their keys, jump hosts first, and judges them by what is known already. */
import { resolve } from "node:path";
import { pathOf } from "../../config/inventory/local-file.ts";
import { Limiter } from "../../provider/harbor/limiter.ts";
import { connect, endpoint } from "../../provider/nodes/ssh-connection.ts";
import type { SshConnection } from "../../provider/nodes/ssh-connection.ts";
import { SshError } from "../../provider/nodes/ssh-error.ts";
import { root } from "../pulumi.ts";
import type { Host, JumpHost } from "./host.ts";
import { judge, knownTypes } from "./judge.ts";
import type { Answer } from "./judge.ts";
import { KnownHostsFile } from "./known-hosts-file.ts";
import { scanHostKey } from "./scan-host-key.ts";

export interface Collected {
  /** Each jump host's, then each host's, in their order. */
  readonly answers: readonly Answer[];
  /** Lines of known_hosts that `output` lacks. None for a changed host. */
  readonly lines: string;
}

/** Seconds for each connection, and for each key exchange. */
const connectSeconds = 10;
/** Connections at a time. */
const parallel = 32;

/**
 * Asks all of them; what one does or doesn't do is its answer.
 * @param output the known_hosts file that lines are wanted for; undefined: an empty one
 * @throws Problem where a known_hosts file can't be read
 */
export async function collectHostKeys(
  hosts: readonly Host[],
  output: string | undefined,
  signal: AbortSignal,
): Promise<Collected> {
  const target =
    output === undefined ? new KnownHostsFile("", "") : await KnownHostsFile.read(output, output);
  const read = await readKnown(hosts);
  const filesOf = ({ knownHosts }: Host): KnownHostsFile[] => {
    if (knownHosts === undefined) return [target];
    const file = read.get(knownHosts);
    const isTarget = output !== undefined && resolve(output) === pathOf(knownHosts, root);
    return file === undefined || isTarget ? [target] : [target, file];
  };
  const limiter = new Limiter(parallel);
  const ask = (host: Host, way?: SshConnection): Promise<Answer> =>
    limiter.run(() => askHost(host, filesOf(host), signal, way));
  const answers = await Promise.all(
    [...groupByWay(hosts).values()].map((behind) => askBehind(behind, ask, signal)),
  );
  const byHost = new Map(answers.flatMap(({ behind }) => behind.map((answer) => [answer.host, answer])));
  const ordered = [
    ...answers.flatMap(({ jump }) => jump ?? []),
    ...hosts.flatMap((host) => byHost.get(host) ?? []),
  ];
  return settle(ordered, target, filesOf);
}

/** What the files say that the settings name, by their path as it was written. */
async function readKnown(hosts: readonly Host[]): Promise<ReadonlyMap<string, KnownHostsFile>> {
  const paths = [...new Set(hosts.flatMap(({ knownHosts }) => knownHosts ?? []))];
  const files = paths.map(
    async (path) => [path, await KnownHostsFile.read(pathOf(path, root), path)] as const,
  );
  return new Map(await Promise.all(files));
}

function groupByWay(hosts: readonly Host[]): Map<string, Host[]> {
  return Map.groupBy(hosts, ({ jump }) => (jump === undefined ? "" : `${jump.user}@${endpoint(jump)}`));
}

interface Behind {
  readonly jump: Answer | undefined;
  readonly behind: readonly Answer[];
}

/** Hosts with one way to them. */
async function askBehind(
  hosts: readonly Host[],
  ask: (host: Host, way?: SshConnection) => Promise<Answer>,
  signal: AbortSignal,
): Promise<Behind> {
  const [first] = hosts;
  if (first?.jump === undefined) {
    return { jump: undefined, behind: await Promise.all(hosts.map((host) => ask(host))) };
  }
  const { address, port, hostKey } = first.jump;
  const answer = await ask({
    ...{ name: "jump host", address, port },
    ...(hostKey !== undefined && { hostKey }),
    ...(first.knownHosts !== undefined && { knownHosts: first.knownHosts }),
  });
  const way = await logIn(first.jump, answer, signal);
  if (typeof way === "string") {
    return { jump: answer, behind: hosts.map((host) => ({ host, standing: "unreached", problem: way })) };
  }
  try {
    return { jump: answer, behind: await Promise.all(hosts.map((host) => ask(host, way))) };
  } finally {
    way.close();
  }
}

/** At a jump host, only where its key is known: a login is for nobody else. Returns why it can't be. */
async function logIn(
  jump: JumpHost,
  { standing, key }: Answer,
  signal: AbortSignal,
): Promise<SshConnection | string> {
  const { address, port, user, privateKey } = jump;
  const at = `its jump host ${endpoint(jump)}`;
  if (standing === "new") return `${at} is new: compare its key and make it known, then try again`;
  if (standing !== "known" || key === undefined) return `${at} is ${standing}`;
  try {
    const target = { address, port, user, hostKey: key, privateKey: await privateKey?.() };
    return await connect(target, connectSeconds, signal);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return `no login at ${at}: ${error.message}`;
  }
}

async function askHost(
  host: Host,
  files: readonly KnownHostsFile[],
  signal: AbortSignal,
  way: SshConnection | undefined,
): Promise<Answer> {
  const { address, port } = host;
  const types = knownTypes(host, files);
  const scan = { address, port, types, timeout: connectSeconds, signal, ...(way && { jump: way.client }) };
  try {
    const key = await scanHostKey(scan).catch((error: unknown) => {
      // Once more: a server that many ask at a time hangs up on some.
      if (error instanceof SshError && error.transient && !signal.aborted) return scanHostKey(scan);
      throw error;
    });
    return judge(host, key, files);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return { host, standing: "unreached", problem: error.message };
  }
}

/** One after the other: two hosts of one address and port, in two networks, have one place in the file. */
function settle(
  answers: readonly Answer[],
  target: KnownHostsFile,
  filesOf: (host: Host) => readonly KnownHostsFile[],
): Collected {
  let lines = "";
  const settled = answers.map((answer): Answer => {
    const { host, key } = answer;
    if (key === undefined || target.linesOf(host).some((line) => line.key === key)) return answer;
    const again = judge(host, key, filesOf(host));
    if (again.standing !== "changed") lines += target.add(host, key);
    return again;
  });
  return { answers: settled, lines };
}
