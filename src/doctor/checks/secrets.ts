import { stat } from 'node:fs/promises';
import { none, failure, ok, warning, type Check, type Finding } from '../contract.ts';

/** Files with secrets: there, readable for this user, and for nobody else. */
export const secrets: Check = {
  name: 'secrets',
  async run({ config, host }) {
    const files: readonly (readonly [setting: string, file: string | null])[] = [
      ['mqtt.password_file', config.mqtt.password_file],
      ['mqtt.key_file', config.mqtt.key_file],
      ['http.token_file', config.http.token_file],
      ['http.key_file', config.http.key_file],
      ['influx.token_file', config.influx.token_file],
      ['influx.password_file', config.influx.password_file],
      ['gallery.encryption_key_file', config.gallery.encryption_key_file],
    ];
    const findings: Finding[] = [];
    for (const [setting, file] of files) {
      if (file === null) continue;
      const found = await stat(file).catch(() => null);
      if (found === null || (await host.read(file)) === null)
        findings.push(
          failure(`${setting}: ${file} can't be read`, `sudo chown $(id -un) ${file} && chmod 600 ${file}`),
        );
      else if ((found.mode & 0o077) !== 0)
        findings.push(warning(`${setting}: others may read ${file}`, `chmod 600 ${file}`));
    }
    const named = files.filter(([, file]) => file !== null).length;
    if (named === 0) return none('no file with a secret is set');
    return findings.length > 0 ? findings : ok(`${named} files with secrets are readable for this user only`);
  },
};
