/**
 * Loads the page anew where the station has a newer one than this: a screen that stays open for months takes up an update
 * when the station comes back with it.
 */
export async function reloadWhenNewer(): Promise<void> {
  const own = document.querySelector<HTMLMetaElement>('meta[name=muster-version]')?.content;
  const response = await fetch(location.pathname, { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  const theirs = response?.headers.get('etag');
  if (response?.ok === true && typeof theirs === 'string' && theirs !== `"${own}"`) location.reload();
}
