/** Images that the stand-in's registry has: Harbor's own. */
export const IMAGES =
  /^goharbor\/(harbor-log|registry-photon|harbor-registryctl|harbor-db|harbor-core|harbor-portal|harbor-jobservice|valkey-photon|nginx-photon|harbor-exporter|trivy-adapter-photon):v\d+\.\d+\.\d+$/;

/** `prepare` is run and not started. */
export const PREPARE = /^goharbor\/prepare:v(\d+\.\d+\.\d+)$/;
