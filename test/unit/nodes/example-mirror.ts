import type { MirroredSettings, MirrorSettings } from "../../../config/settings.ts";

/** A mirror as the settings complete its location. */
export function mirror(location: string, changes: Partial<MirrorSettings> = {}): MirrorSettings {
  return { location, scheme: "https", insecure: false, pullFromMirror: "all", ...changes };
}

/** A prefix that isn't cached, as the settings complete it. */
export function mirrored(
  prefix: string,
  mirrors: MirrorSettings[],
  changes: Partial<MirroredSettings> = {},
): MirroredSettings {
  return { prefix, insecure: false, fallback: true, mirrors, ...changes };
}
