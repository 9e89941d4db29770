import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What a machine has anyway. Everything else on PATH is a stand-in that records how it was called. */
const realPrograms =
  "awk basename cat chmod cp cut date dirname env find flock getconf grep gzip head id ls mkdir mktemp mv nproc readlink rm rmdir " +
  "sed sh sha256sum sleep sort tail tar tr uname wc openssl df";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One directory as a machine: its files, and stand-ins for the programs that would change a real one. */
export class MachineSandbox implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "harbor-machine-"));
  readonly #bin = join(this.root, "bin");

  constructor() {
    mkdirSync(this.#bin);
    for (const program of realPrograms.split(" ")) this.#link(program);
    this.write("tmp/.keep", "");
    this.program("docker", dockerStandIn);
    this.program("curl", curlStandIn);
    this.write("state/docker-version", "20.10.24");
    this.write("state/compose-version", "2.40.3");
    this.write("state/health", '{"status":"healthy","components":[{"name":"core","status":"healthy"}]}\n');
    this.write("state/admin-status", "200");
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  exists(name: string): boolean {
    return existsSync(this.path(name));
  }

  list(name: string): string[] {
    return readdirSync(this.path(name)).sort();
  }

  mode(name: string): string {
    return (statSync(this.path(name)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  /** A program on the machine's PATH; `$root` is the machine's directory, `call` records. */
  program(name: string, body: string): void {
    const file = join(this.#bin, name);
    rmSync(file, { force: true });
    writeFileSync(
      file,
      `#!/bin/sh\nroot='${this.root}'\nprintf '%s\\n' "${name} $*" >>"$root/calls"\n${body}`,
    );
    chmodSync(file, 0o755);
  }

  without(program: string): void {
    rmSync(join(this.#bin, program));
  }

  /** The calls of stand-ins since the last time this was asked. */
  calls(): string[] {
    const calls = this.exists("calls")
      ? this.read("calls").replaceAll(this.root, "").split("\n").slice(0, -1)
      : [];
    this.remove("calls");
    return calls;
  }

  /** Runs a step as sshd would: by a shell that reads the script on stdin. */
  async run(script: string, action: "up" | "down" = "up", shell = ["sh"]): Promise<Ended> {
    const [program = "sh", ...args] = shell;
    const child = spawn(program, [...args, "-s", action, "identity"], {
      cwd: this.root,
      env: { PATH: this.#bin, TMPDIR: this.path("tmp"), HOME: this.root },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const chunks = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (chunks.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (chunks.stderr += text));
    child.stdin.end(script);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
    });
    return { code, ...chunks };
  }

  #link(program: string): void {
    const found = (process.env["PATH"] ?? "")
      .split(delimiter)
      .map((folder) => join(folder, program))
      .find((file) => existsSync(file));
    if (found === undefined) throw new Error(`the tests need the program ${program}`);
    symlinkSync(found, join(this.#bin, program));
  }
}

/** Answers as the engine would, from files in state/; `fail-WORD` makes the call with that word fail. */
const dockerStandIn = `
for word in "$@"; do
  if [ -e "$root/state/fail-$word" ]; then cat "$root/state/fail-$word" >&2; exit 17; fi
done
case "$*" in
  'version '*) cat "$root/state/docker-version" ;;
  'compose version --short') cat "$root/state/compose-version" ;;
  *' prepare' | *' prepare --with-trivy')
    find "$root/opt/harbor/input/harbor.yml" -perm 0600 | grep -q . || exit 18
    grep -q 'harbor_admin_password' "$root/opt/harbor/input/harbor.yml" || exit 19
    echo 'services: {}' >"$root/opt/harbor/docker-compose.yml"
    mkdir -p "$root/data/database" "$root/data/registry"
    ;;
  'compose up '*) echo made >"$root/data/database/PG_VERSION" ;;
  'compose ps '*) printf 'core: Up 3 seconds (unhealthy)\\nproxy: Up 3 seconds\\n' ;;
  'compose logs '*) shift $(($# - 1)); echo "words of $1" ;;
esac
`;

/** file:// downloads with resume, Harbor's health and sign-in. */
const curlStandIn = `
rm -f "$root/state/curl-config"
output=
resume=
url=
for word in "$@"; do
  case "$previous" in --output) output=$word ;; --continue-at) resume=yes ;; --config) cat >"$root/state/curl-config" ;; esac
  url=$word
  previous=$word
done
case "$(cat "$root/state/curl-config" 2>/dev/null)" in
  'url = '*)
    file=$(sed -n 's,^url = "file://\\(.*\\)"$,\\1,p' "$root/state/curl-config")
    [ -f "$file" ] || { echo "curl: (37) couldn't open file" >&2; exit 37; }
    if [ -n "$resume" ]; then tail -c +$(($(wc -c <"$output") + 1)) "$file" >>"$output"; else cat "$file" >"$output"; fi
    exit
    ;;
esac
case "$url" in
  */health)
    [ -e "$root/state/health" ] || { echo 'curl: (7) Failed to connect' >&2; exit 7; }
    cat "$root/state/health"
    ;;
  */users/current) cat "$root/state/admin-status" ;;
esac
`;
