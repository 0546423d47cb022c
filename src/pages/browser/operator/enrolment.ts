import type { Api } from '../lib/api.ts';
import type { Enrolment } from '../lib/contract.ts';

/** Only looks, or enrols; with `no doubts` only a photo that fails no gate and that there is no warning about. */
export type EnrolmentMode = 'look' | 'enrol' | 'no doubts';

const queries: Readonly<Record<EnrolmentMode, Readonly<Record<string, string>>>> = {
  look: { dry_run: 'true' },
  enrol: {},
  'no doubts': { doubts: 'refuse' },
};

/** What the station makes of a photo, or where it is null of its camera's newest picture. Throws Problem. */
export async function enrol(
  api: Api,
  subject: string,
  photo: Blob | null,
  mode: EnrolmentMode,
): Promise<Enrolment> {
  const query = new URLSearchParams({ source: photo === null ? 'camera' : 'photo', ...queries[mode] });
  const path = `subjects/${encodeURIComponent(subject)}/templates?${query}`;
  if (photo === null) return await api.post<Enrolment>(path, null);
  const form = new FormData();
  form.set('photo', photo, 'photo');
  return await api.post<Enrolment>(path, form);
}
