/** A word that a POSIX shell reads as exactly this text. */
export function shellQuote(text: string): string {
  if (text.includes("\0")) throw new Error("a shell word can't hold a NUL character");
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
