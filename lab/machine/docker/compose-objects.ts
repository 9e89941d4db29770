/** What containers need of the engine besides themselves: images, and the networks and volumes that others have made. */
import { networkNames, volumeMounts } from "./compose-file.ts";
import type { Project } from "./compose-file.ts";
import { DockerError } from "./docker-error.ts";
import { findImage, pullImage } from "./image-references.ts";
import { IMAGES } from "./images.ts";
import type { Objects, ObjectStore } from "./objects.ts";

const PULL_FAILURE = 18;

/** Refuses what the engine would refuse, and holds on to what the containers use: it can't be deleted meanwhile. */
export function takeObjects(engine: ObjectStore, project: Project): void {
  engine.change((kept) => {
    for (const { image } of Object.values(project.services)) pull(kept, image);
    for (const { name, external } of Object.values(project.networks)) {
      if (external && kept.networks[name] === undefined)
        throw new DockerError(`network ${name} declared as external, but could not be found`);
    }
    for (const { name, external } of Object.values(project.volumes)) {
      if (external && kept.volumes[name] === undefined)
        throw new DockerError(`external volume "${name}" not found`);
    }
    release(kept, project.name);
    for (const [name, service] of Object.entries(project.services)) {
      const container = `${project.name}-${name}-1`;
      for (const network of networkNames(project, name)) kept.networks[network]?.containers.push(container);
      for (const { source } of volumeMounts(service))
        kept.volumes[project.volumes[source]?.name ?? ""]?.containers.push(container);
    }
  });
}

export function releaseObjects(engine: ObjectStore, project: string): void {
  engine.change((kept) => {
    release(kept, project);
  });
}

function release(kept: Objects, project: string): void {
  for (const one of [...Object.values(kept.networks), ...Object.values(kept.volumes)])
    one.containers = one.containers.filter((name) => !name.startsWith(`${project}-`));
}

function pull(kept: Objects, image: string): void {
  if (IMAGES.test(image) || findImage(kept, image) !== undefined) return;
  try {
    pullImage(kept, image);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new DockerError(`Error response from daemon: ${words}`, PULL_FAILURE);
  }
}
