/** How many further file descriptors this process can open, counted up to `most`: they are opened, and closed again. */
export function freeDescriptors(most: number): number {
  if (Deno.build.os === "windows") return most;
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < most) opened.push(Deno.openSync("/dev/null"));
  } catch {
    // There are no more, or the file may not be opened: then nothing is known, and the limits of connections count.
    if (opened.length === 0) return most;
  } finally {
    for (const file of opened) file.close();
  }
  return opened.length;
}
