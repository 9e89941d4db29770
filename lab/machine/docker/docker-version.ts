/** Of the engine and of its client. */
export const DOCKER_VERSION = "28.5.1";
