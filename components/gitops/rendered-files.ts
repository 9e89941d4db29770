import * as pulumi from "@pulumi/pulumi";
import { RenderedFolder } from "./rendered-folder.ts";

/**
 * Writes files below a folder, at a preview too, each as soon as its content is known; one that is not known yet stays as
 * it is. Files of an earlier run that are not among them any more are deleted, files of others left alone. What can't be
 * written fails the run.
 *
 * @param folder absolute, or relative to where Pulumi runs, which is the project's folder
 * @param files content by path below the folder
 * @throws RunError for a path that leads out of the folder, before anything is written
 */
export function writeRendered(folder: string, files: Readonly<Record<string, pulumi.Input<string>>>): void {
  for (const problem of renderFiles(folder, files)) {
    problem.apply((text) => {
      if (text !== undefined) throw new pulumi.RunError(text);
    });
  }
}

/**
 * The same, with what hinders each file as a value: one of somebody else in its way, or a secret in it, which has no place
 * there.
 */
export function renderFiles(
  folder: string,
  files: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Output<string | undefined>[] {
  const rendered = new RenderedFolder(folder);
  rendered.check(Object.keys(files));
  rendered.keepOnly(Object.keys(files));
  return Object.entries(files).map(([path, content]) => {
    const text = pulumi.output(content);
    return pulumi.all([text, pulumi.isSecret(text)]).apply(([known, secret]) => {
      const problem = secret ? "it would hold a secret" : rendered.write(path, known);
      return problem && `harbor-cache:gitops.folder: ${folder}/${path} is not written: ${problem}`;
    });
  });
}
