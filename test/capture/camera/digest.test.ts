import { describe, expect, it } from 'vitest';
import { answer } from '../../../src/capture/camera/digest.ts';

describe('the answer to a server that asks for a password', () => {
  const realm = 'realm="http-auth@example.org", qop="auth, auth-int"';
  const nonce =
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
  const uri = '/dir/index.html';
  const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

  // The examples of RFC 7616, section 3.9.1.
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is the %s digest of RFC 7616', (algorithm, response) => {
    const challenge = `Digest ${realm}, algorithm=${algorithm}, ${nonce}`;
    const header = answer(challenge, 'Mufasa', 'Circle of Life', uri, clientNonce);
    expect(header).toContain(`response="${response}"`);
    expect(header).toContain(`algorithm=${algorithm}`);
    expect(header).toContain('nc=00000001');
  });

  it('is Basic where that is all that is asked for, and nothing where it is neither', () => {
    expect(answer('Basic realm="camera"', 'Aladdin', 'open sesame', '/')).toBe(
      'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    );
    expect(answer('Negotiate', 'a', 'b', '/')).toBeNull();
    expect(answer('Digest realm="x", nonce="y", algorithm=SHA-512-256', 'a', 'b', '/')).toBeNull();
  });

  it('prefers the digest, which does not tell the password', () => {
    expect(answer('Basic realm="x", Digest realm="x", nonce="y"', 'a', 'b', '/')).toMatch(/^Digest /);
  });
});
