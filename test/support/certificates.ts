import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own. Keys are P-256, valid for a day. */
export function createAuthority(
  dir: string,
  name: string,
): { caFile: string; ca: string; issue: (commonName: string) => Certificate } {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const caFile = join(dir, `${name}.crt`);
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '1',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    caFile,
  );
  return {
    caFile,
    ca: readFileSync(caFile, 'utf8'),
    issue(commonName) {
      const file = (extension: string) => join(dir, `${name}-${commonName}.${extension}`);
      openssl(
        'req',
        ...newKey,
        '-subj',
        `/CN=${commonName}`,
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        file('key'),
        '-out',
        file('csr'),
      );
      const from = ['-CA', caFile, '-CAkey', `${name}.key`, '-CAcreateserial', '-copy_extensions', 'copy'];
      openssl('x509', '-req', '-in', file('csr'), ...from, '-days', '1', '-out', file('crt'));
      return {
        certFile: file('crt'),
        keyFile: file('key'),
        cert: readFileSync(file('crt'), 'utf8'),
        key: readFileSync(file('key'), 'utf8'),
      };
    },
  };
}
