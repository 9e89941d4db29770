/** Harbor's adapters that may back a proxy-cache project, from Harbor 2.14 on. */
export const PROXY_ADAPTERS = [
  "docker-hub",
  "harbor",
  "azure-acr",
  "ali-acr",
  "aws-ecr",
  "google-gcr",
  "docker-registry",
  "github-ghcr",
  "jfrog-artifactory",
] as const;

/** Adapters that may be the other side of a replication: those above, and what `GET /replication/adapters` names besides. */
export const REPLICATION_ADAPTERS = [
  ...PROXY_ADAPTERS,
  "huawei-SWR",
  "tencent-tcr",
  "volcengine-cr",
] as const;
