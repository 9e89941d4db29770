/**
 * Aborts at the first Ctrl-C, where a machine may be in the midst of something that is better waited for. The second one
 * ends the command.
 */
export function interruptible(): AbortSignal {
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    console.error(
      "interrupted: what has begun on the machine is waited for; once more, and it goes on there by itself",
    );
    interrupted.abort();
  });
  return interrupted.signal;
}
