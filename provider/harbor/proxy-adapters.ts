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
