import { stringify } from 'yaml';
import { configObject } from './fields.ts';
import { readConfigFile } from './file.ts';

/** The settings of a config file as YAML again, without its secrets and without its comments, which may hold some. Throws like `readConfigFile`. */
export async function settingsWithoutSecrets(file: string): Promise<string> {
  const { settings } = await readConfigFile(file);
  const set = configObject(({ name, secret }) => (secret ? undefined : settings.get(name)?.value));
  return `# The settings of ${file}, without secrets and comments.\n${stringify(withoutEmpty(set))}`;
}

function withoutEmpty(object: Record<string, unknown>): Record<string, unknown> {
  const isSection = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = Object.entries(object).map(([key, value]) => [
    key,
    isSection(value) ? withoutEmpty(value) : value,
  ]);
  return Object.fromEntries(
    entries.filter(([, value]) => !(isSection(value) && Object.keys(value).length === 0)),
  );
}
