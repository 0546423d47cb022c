import { galleryAnswer, subjectsAnswer } from '../answers.ts';
import { json, route } from '../route.ts';

export const gallery = route({
  id: 'gallery',
  method: 'GET',
  path: '/api/v1/gallery',
  tag: 'gallery',
  summary: 'which gallery is in use',
  answers: { 200: ['Its revision and size.', galleryAnswer] },
  problems: [],
  handle(_input, { station }) {
    const { revision, digest, fingerprint, subjects, templates } = station.gallery();
    return json({ name: station.galleryName, rev: revision, digest, fingerprint, subjects, templates });
  },
});

export const subjects = route({
  id: 'subjects',
  method: 'GET',
  path: '/api/v1/subjects',
  tag: 'gallery',
  summary: 'who is enrolled',
  answers: { 200: ['The subjects in the order of their ids.', subjectsAnswer] },
  problems: [],
  handle(_input, { station }) {
    const numbers = new Map<string, number[]>();
    for (const { subject, n } of station.gallery().list())
      numbers.set(subject, [...(numbers.get(subject) ?? []), n]);
    return json({ subjects: [...numbers].map(([subject, templates]) => ({ subject, templates })) });
  },
});
