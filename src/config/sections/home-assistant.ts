import { z } from 'zod';
import { flag, remote, section } from '../kinds.ts';

const prefix = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/)
  .default('homeassistant')
  .describe("Home Assistant's discovery prefix: the first part of the topics of its discovery.")
  .meta({ allowed: 'levels of the characters A-Z, a-z, 0-9, _ and -, with / between them' });

export const homeAssistant = section('How the station introduces itself to Home Assistant over MQTT.', {
  enabled: remote(
    flag(false, 'Publish a discovery message, which makes the station a device of Home Assistant.'),
  ),
  discovery_prefix: prefix,
});
