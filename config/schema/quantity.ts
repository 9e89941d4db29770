/** Sizes, times, digests, versions and paths. */
import * as z from "zod";
import { text } from "./value.ts";

const units: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const mostBytes = 1024 * 2 ** 40;
const sizePattern = /^(\d{1,10}(?:\.\d{1,3})?) ?(MiB|GiB|TiB)$/;

function bytes(value: string): number {
  const [, amount, unit = ""] = sizePattern.exec(value) ?? [];
  return Math.round(Number(amount) * (units[unit] ?? Number.NaN));
}

const sizeText = text("500GiB, or -1 for unlimited", (value) => {
  const decimal = /^([\d.]+) ?([KMGT])B?$/i.exec(value);
  if (decimal !== null) {
    return `must have its unit in powers of 1024: did you mean ${decimal[1] ?? ""}${decimal[2]?.toUpperCase() ?? ""}iB?`;
  }
  if (!sizePattern.test(value)) return "is not a size in MiB, GiB or TiB";
  const amount = bytes(value);
  if (amount === 0) return "would be taken for Harbor's own default";
  return amount > mostBytes ? "is over Harbor's limit of 1024TiB" : undefined;
});

/** Bytes of a project: a size with its unit, or -1. Harbor takes 1024 TiB at most, and 0 for its own default. */
export const quota = z
  .union([z.literal(-1), sizeText], {
    error: ({ input }) =>
      `${typeof input === "number" ? "has no unit" : "must be a size"}; for example: 500GiB, or -1 for unlimited`,
  })
  .transform((value) => (typeof value === "number" ? value : bytes(value)));

/** A time as Harbor's `prepare` takes it for upload purging: whole hours, 2 at the least. */
export const duration = text("168h", (value) =>
  Number(/^(\d{1,6})h$/.exec(value)?.[1]) >= 2 ? undefined : "must be whole hours, 2h at the least",
);

const digest = "a948904f2f0f479b8fffc8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a";

/** The sha256 of a file as `sha256sum` prints it. */
export const sha256 = text(`${digest} (sha256sum FILE prints it)`, (value) => {
  if (/^[0-9a-f]{64}$/i.test(value)) return undefined;
  return value.startsWith("sha256:")
    ? "must be the hex digits only: leave sha256: out"
    : "is not 64 hex digits";
}).transform((value) => value.toLowerCase());

/** A version of Harbor. Older ones have another harbor.yml and no signature beside the installer. */
export const harborVersion = text("2.15.2", (value) => {
  if (/^v\d/.test(value)) return "must have no v in front";
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(value) ?? [];
  if (major === undefined) return "is not a version of Harbor";
  return major === "2" && Number(minor) >= 15 ? undefined : "must be 2.15.0 or a later 2.x";
});

/** A file or folder of a machine, in characters that neither a shell nor a compose file reads otherwise. */
function pathProblem(value: string): string | undefined {
  if (!value.startsWith("/")) return "must be an absolute path";
  if (value.split("/").includes("..")) return "must not go up by ..";
  if (!/^(\/[\w.@+-]+)+$/.test(value)) {
    return "must be /names/parted/by/slashes of letters, digits and . _ - + @, with no slash at its end";
  }
  return value.split("/").includes(".") ? "must have no . as a name" : undefined;
}

export const absolutePath = text("/etc/containers/registries.conf.d", pathProblem);

/** Folders that others keep their own things beside each other in: one below them is nobody's yet. */
const shared = /^\/(home|media|mnt|opt|root|srv|tmp|var|var\/(cache|lib|log|spool|tmp))$/;
/** Everything below these belongs to the system, or to a program that would not expect Harbor there. */
const system =
  /^\/((bin|boot|dev|etc|lib\d*|libx32|proc|run|sbin|sys|usr|var\/run|var\/lib\/(containerd|containers|docker|etcd|kubelet))(\/.*)?|.*\/\.ssh(\/.*)?)$/;

/** A folder that belongs to Harbor alone: what is in it may be owned anew and, where asked, deleted. */
export function ownFolder(example: string) {
  return text(
    example,
    (value) =>
      pathProblem(value) ??
      (shared.test(value) || system.test(value)
        ? "belongs to the system: give Harbor a folder of its own"
        : undefined),
  );
}

export const device = text(
  "/dev/disk/by-id/scsi-0QEMU_data, which names the same disk after every boot",
  (value) => pathProblem(value) ?? (/^\/dev\/./.test(value) ? undefined : "is not a block device under /dev"),
);
