/** The compose file that Harbor 2.15's `prepare` makes from harbor.yml, as far as compose and the machine see it. */
import { stringify } from "yaml";

import type { HarborYml } from "../../harbor/harbor-yml.ts";

interface Container {
  readonly image: string;
  readonly name: string;
  /** Below common/config. */
  readonly envFile?: string;
  readonly volumes: readonly string[];
  readonly dependsOn: readonly string[];
}

const CONTAINERS: Readonly<Record<string, Container>> = {
  registry: {
    image: "registry-photon",
    name: "registry",
    volumes: ["DATA/registry:/storage:z", "./common/config/registry/:/etc/registry/:z"],
    dependsOn: ["log"],
  },
  registryctl: {
    image: "harbor-registryctl",
    name: "registryctl",
    envFile: "registryctl/env",
    volumes: ["DATA/registry:/storage:z", "./common/config/registry/:/etc/registry/:z"],
    dependsOn: ["log"],
  },
  postgresql: {
    image: "harbor-db",
    name: "harbor-db",
    envFile: "db/env",
    volumes: ["DATA/database:/var/lib/postgresql/data:z"],
    dependsOn: ["log"],
  },
  core: {
    image: "harbor-core",
    name: "harbor-core",
    envFile: "core/env",
    volumes: [
      "DATA/ca_download/:/etc/core/ca/:z",
      "DATA/:/data/:z",
      "./common/config/core/certificates/:/etc/core/certificates/:z",
    ],
    dependsOn: ["log", "registry", "redis", "postgresql"],
  },
  portal: { image: "harbor-portal", name: "harbor-portal", volumes: [], dependsOn: ["log"] },
  jobservice: {
    image: "harbor-jobservice",
    name: "harbor-jobservice",
    envFile: "jobservice/env",
    volumes: ["DATA/job_logs:/var/log/jobs:z"],
    dependsOn: ["core"],
  },
  redis: {
    image: "valkey-photon",
    name: "redis",
    volumes: ["DATA/redis:/var/lib/redis"],
    dependsOn: ["log"],
  },
  proxy: {
    image: "nginx-photon",
    name: "nginx",
    volumes: ["./common/config/nginx:/etc/nginx:z"],
    dependsOn: ["registry", "core", "portal", "log"],
  },
};

/** The service that `prepare --with-trivy` adds. */
export const SCANNER = "trivy-adapter";
const TRIVY: Container = {
  image: "trivy-adapter-photon",
  name: "trivy-adapter",
  volumes: [
    "DATA/trivy-adapter/trivy:/home/scanner/.cache/trivy",
    "DATA/trivy-adapter/reports:/home/scanner/.cache/reports",
  ],
  dependsOn: ["log", "redis"],
};

/** Folders of the data volume that the containers' users own. */
export const DATA_FOLDERS = ["registry", "database", "redis", "job_logs", "ca_download", "secret"];

/** Env files below common/config, which hold secrets. */
export const ENV_FILES = Object.values(CONTAINERS).flatMap(({ envFile }) => envFile ?? []);

export function renderComposeFile(yml: HarborYml, version: string, withTrivy: boolean): string {
  const metrics = yml.metric?.enabled === true ? yml.metric : undefined;
  const ports = [
    `${yml.httpPort}:8080`,
    ...(yml.https === undefined ? [] : [`${yml.https.port}:8443`]),
    ...(metrics === undefined ? [] : [`${metrics.port}:9090`]),
  ];
  const containers: Record<string, Container> = { ...CONTAINERS };
  if (metrics !== undefined) {
    containers["exporter"] = {
      image: "harbor-exporter",
      name: "harbor-exporter",
      volumes: [],
      dependsOn: ["core", "postgresql"],
    };
  }
  if (withTrivy) containers[SCANNER] = TRIVY;
  const services = Object.entries(containers).map(([id, one]): [string, object] => [
    id,
    {
      image: `goharbor/${one.image}:v${version}`,
      container_name: one.name,
      restart: "always",
      cap_drop: ["ALL"],
      ...(one.envFile === undefined ? {} : { env_file: [`./common/config/${one.envFile}`] }),
      volumes: one.volumes.map((volume) => volume.replace(/^DATA/, yml.dataVolume)),
      networks: ["harbor"],
      depends_on: one.dependsOn,
      ...(id === "proxy" ? { ports } : {}),
      logging: { driver: "syslog", options: { "syslog-address": "tcp://localhost:1514", tag: id } },
    },
  ]);
  const log = {
    image: `goharbor/harbor-log:v${version}`,
    container_name: "harbor-log",
    restart: "always",
    cap_drop: ["ALL"],
    volumes: [`${yml.dataVolume}/log/:/var/log/docker/:z`],
    ports: ["127.0.0.1:1514:10514"],
    networks: ["harbor"],
  };
  return stringify(
    { services: { log, ...Object.fromEntries(services) }, networks: { harbor: { external: false } } },
    { lineWidth: 0 },
  );
}
