import type { Config } from '../config/schema.ts';
import type { Gate } from '../decide/contract.ts';
import { failedGate } from '../decide/gates.ts';
import type { EmbeddedFace, VisionInfo } from '../vision/contract.ts';

/** What a site asks of a reference photo. */
export interface EnrolmentRules {
  /** Similarity from which two faces match. */
  readonly threshold: number;
  /** Whether doubtful photos are only pointed out, or refused. */
  readonly audit: Config['gallery']['audit'];
  /** The first of the station's gates that a face fails, or null. */
  readonly gateOf: (face: EmbeddedFace) => Gate | null;
}

/** The rules of a config, for the models in use. */
export function enrolmentRules(
  { decision, gallery }: Pick<Config, 'decision' | 'gallery'>,
  info: Pick<VisionInfo, 'threshold'>,
): EnrolmentRules {
  return {
    threshold: decision.threshold === 'auto' ? info.threshold : decision.threshold,
    audit: gallery.audit,
    gateOf: (face) => failedGate(face, decision.gates),
  };
}
