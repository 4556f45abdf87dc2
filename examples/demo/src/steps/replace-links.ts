import type { HostDouble, LinkOptions } from "@keyturn/testkit";

/** Takes links away and puts others, as a changed manifest does. */
export async function replaceLinks(
  host: HostDouble,
  old: readonly LinkOptions[],
  next: readonly LinkOptions[],
): Promise<void> {
  for (const link of old) await host.deleteLink(link);
  for (const link of next) await host.putLink(link);
}
