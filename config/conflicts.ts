/** Settings that are right each for itself, but not together. */
import { checkLogin } from "./login-conflicts.ts";
import { checkJump, checkNodes, checkPools } from "./node-conflicts.ts";
import type { Pools } from "./nodes.ts";
import type { Path, Reader } from "./problems.ts";
import type { Placed } from "./registries.ts";
import type { AwsMachine, HarborSettings, RegistrySettings, Tls } from "./settings.ts";
import type { TopLevel } from "./top-level.ts";
import { checkProjects, checkScanning } from "./project-conflicts.ts";
import { checkTls } from "./tls-conflicts.ts";

/** Everything that could be read; what is wrong in itself is missing here. */
export interface Parts extends Pools, Partial<TopLevel> {
  readonly registries: readonly Placed<RegistrySettings>[];
}

export function findConflicts(reader: Reader, parts: Parts): void {
  if (parts.tls) checkTls(reader, parts.tls, parts.hostname, parts.machine);
  if (parts.harbor) checkHarbor(reader, parts.harbor, parts.tls);
  if (parts.harbor && parts.machine?.type === "aws") checkAws(reader, parts.harbor, parts.machine);
  if (parts.harbor?.s3 && parts.machine?.type === "existing") {
    reader.problem(
      ["harbor", "s3"],
      "goes with machine.type aws only: Harbor reads the bucket by the machine's role, and a machine that exists has " +
        "none of ours; leave it out",
    );
  }
  if (parts.machine?.type === "existing") checkJump(reader, parts.machine, ["machine"]);
  checkRegistries(reader, parts.registries);
  if (parts.login) checkLogin(reader, parts.login, parts);
  checkNodes(reader, parts);
  checkPools(reader, parts);
  checkProjects(reader, parts);
  checkScanning(reader, parts);
  checkSelf(reader, parts);
}

/** Says of each path whose key was there before what is wrong. */
export function once(
  reader: Reader,
  items: readonly Placed<string>[],
  message: (first: string) => string,
): void {
  const seen = new Map<string, Path>();
  for (const { path, value } of items) {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, path);
    else reader.problem(path, message(reader.at(first)));
  }
}

function checkHarbor(reader: Reader, harbor: HarborSettings, tls: Tls | undefined): void {
  const { installer, installDir, dataDir, metrics } = harbor;
  if (installer.sha256 === undefined && !installer.cosign) {
    reader.problem(
      ["harbor", "installer"],
      "has nothing that verifies the package; for example: sha256 (sha256sum FILE prints it), " +
        "or cosign: true where URL.sigstore.json lies beside it",
    );
  }
  if (installer.cosign && installer.url.includes("?")) {
    reader.problem(
      ["harbor", "installer", "cosign"],
      "needs a URL without a query: that one is good for the package only, and not for its .sigstore.json; " +
        "for example: sha256 (sha256sum FILE prints it)",
    );
  }
  if (isInside(installDir, dataDir) || isInside(dataDir, installDir)) {
    reader.problem(
      ["harbor", "dataDir"],
      "and harbor.installDir must not lie in each other; for example: /data and /opt/harbor",
    );
  }
  const ports: Placed<string>[] = [
    { path: ["harbor", "httpPort"], value: String(harbor.httpPort) },
    ...(tls?.mode === "none"
      ? []
      : [
          { path: ["harbor", "httpsPort"], value: String(harbor.httpsPort) },
          { path: ["harbor", "loopbackPort"], value: String(harbor.loopbackPort) },
        ]),
    ...(metrics.enabled ? [{ path: ["harbor", "metrics", "port"], value: String(metrics.port) }] : []),
  ];
  once(reader, ports, (first) => `is the port of ${first} too; for example: 80, 443, 8080 and 9090`);
}

/** What is known of a machine on AWS before it is made. */
function checkAws(reader: Reader, harbor: HarborSettings, machine: AwsMachine): void {
  if (harbor.dataVolume) {
    reader.problem(
      ["harbor", "dataVolume"],
      "can't be given for a machine on AWS: machine.dataVolume is its disk",
    );
  }
  if (harbor.listenAddress !== "0.0.0.0") {
    reader.problem(
      ["harbor", "listenAddress"],
      "can't be given for a machine on AWS, whose address is not known before: machine.allowedCidrs says who reaches " +
        "it; leave it out",
    );
  }
  // Of the image nobody can say more than that it is one of three: what is missing there would be told after it is made.
  if (!harbor.installDocker) {
    reader.problem(
      ["harbor", "installDocker"],
      "is wanted for a machine on AWS, whose image has no Docker; for example: true",
    );
  }
  if (harbor.installer.cosign) {
    reader.problem(
      ["harbor", "installer", "cosign"],
      "is no way to verify the package for a machine on AWS, whose image has no cosign: give sha256 instead; for " +
        "example: what sha256sum FILE prints",
    );
  }
  const { diskGiB } = harbor.requirements;
  if (diskGiB > machine.dataVolume.sizeGiB) {
    reader.problem(
      ["harbor", "requirements", "diskGiB"],
      `is more than machine.dataVolume.sizeGiB gives (${machine.dataVolume.sizeGiB}): raise that, or ask for less; ` +
        "for example: 160 of 200",
    );
  }
}

function isInside(folder: string, parent: string): boolean {
  return folder === parent || folder.startsWith(`${parent}/`);
}

function checkRegistries(reader: Reader, registries: readonly Placed<RegistrySettings>[]): void {
  const prefixes = registries.flatMap(({ path, value }) => [
    { path, value: value.name },
    ...value.aliases.map((alias, i) => ({ path: [...path, "aliases", i], value: alias })),
  ]);
  once(reader, prefixes, (first) => `is the same prefix as ${first}: name each registry and alias once`);
  const projects = registries.map(({ path, value }) => ({
    path: [...path, "project"],
    value: value.project,
  }));
  // The same registry twice was told above.
  const distinct = projects.filter(
    (_, i) => registries.findIndex(({ value }) => value.name === registries[i]?.value.name) === i,
  );
  once(
    reader,
    distinct,
    (first) =>
      `is the same as ${first}, and a project caches one registry; for example: project: proxy.other`,
  );
}

/** Harbor as a mirror of itself would ask itself for ever. */
function checkSelf(reader: Reader, { hostname, harbor, tls, registries }: Parts): void {
  if (hostname === undefined || harbor === undefined || tls === undefined) return;
  const own = new Set([harbor.httpPort, ...(tls.mode === "none" ? [] : [harbor.httpsPort])]);
  const isOwn = (host: string, port: string): boolean =>
    host === hostname && (port === "" || own.has(Number(port)));
  for (const { path, value } of registries) {
    const [host = "", port = ""] = value.name.split(":");
    const endpoint = new URL(value.endpoint);
    const endpointPort =
      endpoint.port === "" ? (endpoint.protocol === "https:" ? "443" : "80") : endpoint.port;
    if (isOwn(host, port)) {
      reader.problem([...path, "name"], "is this Harbor itself; name the registry that it is to cache");
    } else if (isOwn(endpoint.hostname, endpointPort)) {
      reader.problem(
        [...path, "endpoint"],
        "is this Harbor itself; give the URL of the registry that it is to cache",
      );
    }
    value.aliases.forEach((alias, i) => {
      const [aliasHost = "", aliasPort = ""] = alias.split(":");
      if (isOwn(aliasHost, aliasPort))
        reader.problem([...path, "aliases", i], "is this Harbor itself; leave it out");
    });
  }
}
