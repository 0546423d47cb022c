import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { layerOf, resolveConfig } from '../config/layers.ts';
import type { Config } from '../config/schema.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { settingSchema, sightSchema, type Setting, type Sight } from './contract.ts';

/** What a recording says of a capture, with the settings that held then. */
export interface RecordedSight {
  readonly setting: Setting;
  /** The config section `decision` that held; its threshold is a number. */
  readonly decision: Config['decision'];
  readonly sight: Sight;
}

/**
 * Reads a recording. Throws MusterError `recording` for what is none; a last line that a power cut has left unfinished is passed over.
 */
export async function* readRecording(file: string): AsyncGenerator<RecordedSight, void, undefined> {
  const refuse = (reason: string) =>
    new MusterError('recording', `${file} can't be replayed: ${reason}`, {
      remedy:
        'Give a recording.jsonl that a station with capture.record.enabled has written, or a folder of photos.',
    });
  let setting: Setting | null = null;
  let decision: Config['decision'] | null = null;
  let number = 0;
  let unread: string | null = null;
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (unread !== null) throw refuse(unread);
      number += 1;
      const value = parsed(line);
      const asSetting = settingSchema.safeParse(value);
      const asSight = sightSchema.safeParse(value);
      if (asSetting.success) {
        setting = asSetting.data;
        decision = decisionOf(setting);
        if (decision === null) throw refuse(`line ${number} has settings of another version of Muster`);
      } else if (!asSight.success) unread = `line ${number} is none of a recording`;
      else if (setting === null || decision === null) throw refuse('it does not begin with settings');
      else yield { setting, decision, sight: asSight.data };
    }
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw refuse(codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error));
  }
  if (setting === null) throw refuse(unread ?? 'it is empty');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Fields that came later have their defaults. */
function decisionOf({ decision }: Setting): Config['decision'] | null {
  return resolveConfig([layerOf({ decision }, () => ({ kind: 'default' }))]).config?.decision ?? null;
}
