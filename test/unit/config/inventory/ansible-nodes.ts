import { expect } from "vitest";
import { ansibleNodes } from "../../../../config/inventory/ansible.ts";
import { folderWith } from "./folder.ts";

/** The nodes of one file without the places, and what was wrong. */
export async function nodesOf(
  text: string,
  group: string,
  {
    file = "hosts.ini",
    except,
    more = {},
  }: { file?: string; except?: string; more?: Record<string, string> } = {},
) {
  const { nodes, problems } = await ansibleNodes(
    { file, group, except },
    folderWith({ [file]: text, ...more }),
  );
  const withoutPlace = nodes.map(({ at, ...node }) => {
    expect(at).toMatch(/^hosts\.\w+:\d+$/);
    return node;
  });
  return { nodes: withoutPlace, problems };
}
