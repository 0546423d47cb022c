import { request } from 'node:http';

/**
 * A client of the project that Muster descends from. It sends what Python's requests sends for
 * `requests.post(url, files={…}, data={…})`, byte for byte: a form by urllib3 with the text fields first, `filename` for
 * files, no charset and no content type of a text part, a boundary of 32 hex digits, and the body's length beforehand.
 */
export async function postLikeRequests(
  url: string,
  data: Readonly<Record<string, string>>,
  files: Readonly<Record<string, readonly [filename: string, content: Buffer, type?: string]>>,
): Promise<{ status: number; type: string; json: Record<string, unknown> }> {
  const boundary = '4f1c0d0a52f4a3a3e7cbb2a9d51f7a6e';
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(data)) {
    parts.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
    );
  }
  for (const [name, [filename, content, type]] of Object.entries(files)) {
    const typeLine = type === undefined ? '' : `\r\nContent-Type: ${type}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"${typeLine}\r\n\r\n`;
    parts.push(Buffer.from(head), content, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  const body = Buffer.concat(parts);
  return await new Promise((resolve, reject) => {
    const sending = request(url, {
      method: 'POST',
      headers: {
        'User-Agent': 'python-requests/2.31.0',
        'Accept-Encoding': 'gzip, deflate',
        Accept: '*/*',
        Connection: 'keep-alive',
        'Content-Length': body.length,
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
      },
    });
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: (response.headers['content-type'] ?? '').split(';')[0] ?? '',
          json: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
        }),
      );
    });
    sending.on('error', reject);
    sending.end(body);
  });
}
