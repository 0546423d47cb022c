export interface Sample {
  readonly name: string;
  readonly code: string;
}

/** The same comparison from a program: two files in the working directory. They run as they are pasted. */
export function samplesFor({
  origin,
  hostname,
}: {
  readonly origin: string;
  readonly hostname: string;
}): Sample[] {
  // A station that others can reach asks for its token.
  const withToken = !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  const url = `${origin}/photo_match`;
  const bearer = 'Authorization: Bearer $MUSTER_TOKEN';
  return [
    {
      name: 'curl',
      code: `curl -s ${withToken ? `-H "${bearer}" ` : ''}-F reference=@reference.jpg -F sample=@sample.jpg \\
  ${url}`,
    },
    {
      name: 'JavaScript',
      code: `// compare.mjs, Node 20 or newer
import { openAsBlob } from 'node:fs';

const form = new FormData();
form.set('reference', await openAsBlob('reference.jpg'), 'reference.jpg');
form.set('sample', await openAsBlob('sample.jpg'), 'sample.jpg');
const response = await fetch('${url}', {
  method: 'POST',
  body: form,${withToken ? '\n  headers: { authorization: `Bearer ${process.env.MUSTER_TOKEN}` },' : ''}
});
console.log(await response.json());`,
    },
    {
      name: 'Python',
      code: `# pip install requests
${withToken ? 'import os\n' : ''}import requests

with open("reference.jpg", "rb") as reference, open("sample.jpg", "rb") as sample:
    response = requests.post(
        "${url}",
        files={"reference": reference, "sample": sample},${withToken ? '\n        headers={"Authorization": f"Bearer {os.environ[\'MUSTER_TOKEN\']}"},' : ''}
    )
print(response.json())`,
    },
  ];
}
