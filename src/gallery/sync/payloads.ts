import { z } from 'zod';

/** The payloads on the gallery's topics, and what a station reports of it. See docs/gallery-sync.md. */

/** No payload of the contract is larger, bytes. */
export const maxPayloadBytes = 32 * 1024;
/** Templates of one gallery at the most: a station holds them all in memory. */
export const maxTemplates = 100_000;

const base64 = z.base64().max(maxPayloadBytes);
const fingerprint = z.string().min(1).max(256).describe('Of the models and the preprocessing.');
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

export const manifestSchema = z
  .object({
    schema: z.literal('gallery-manifest/1'),
    rev: z.int().min(1).max(0x7fff_ffff).describe('Only goes up; a station refuses a lower one.'),
    templates: count.max(maxTemplates).describe('How many templates the set has.'),
    digest: digest.describe(
      'SHA-256 (hex) of "<subject>/<n>", a line feed and the little-endian float32 of each template, in order of subject and n.',
    ),
    fingerprint,
    key_id: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .describe('Of the key that signed: the start of the SHA-256 (hex) of its public half (SPKI, DER).'),
    signature: base64.describe('Ed25519 of the canonical bytes, see docs/gallery-sync.md.'),
  })
  .describe('What the set of retained templates is. Retained; published last.');
export type GalleryManifest = z.infer<typeof manifestSchema>;

export const templateSchema = z
  .object({
    schema: z.literal('gallery-template/1'),
    fingerprint,
    embedding: base64.optional().describe('Little-endian float32, in the clear.'),
    nonce: base64.optional().describe('12 bytes, with an encrypted embedding.'),
    ciphertext: base64
      .optional()
      .describe('AES-256-GCM of the embedding, with the topic as additional data.'),
    tag: base64.optional().describe('16 bytes.'),
  })
  .describe('One template: embedding, or nonce, ciphertext and tag. Retained; an empty payload deletes it.');
export type TemplatePayload = z.infer<typeof templateSchema>;

export const reportedSchema = z
  .object({
    schema: z.literal('gallery-reported/1'),
    gallery: z.string(),
    rev: count.describe('The published revision in use; 0 where what is in use was not published.'),
    status: z
      .enum(['in_sync', 'syncing', 'refused'])
      .describe('refused: what is offered is not taken; the revision in use stays.'),
    templates: count,
    digest,
    error: z.string().optional().describe('Why it is refused or not complete yet.'),
  })
  .describe("The station's gallery. Retained.");
export type GalleryReported = z.infer<typeof reportedSchema>;

/** What a revision on disk knows of its publication. */
export const publicationSchema = z.object({
  /** Of the set that this revision came from; null where that was not published. */
  manifest: manifestSchema.nullable(),
  /** The highest rev that was ever applied: lower ones are refused, also after a restart. */
  highest: count,
  /** The set was put back by command; the manifest of `highest` is passed over until it is asked for. */
  rolled_back: z.boolean(),
});
export type Publication = z.infer<typeof publicationSchema>;
