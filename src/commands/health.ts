import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import { readSecret } from '../config/secret.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';

/** Less than a container's health check waits. */
const timeoutMs = 8_000;

/** `muster health`: ask the running station how it is. */
export const defineHealth: DefineVerb = (verb, context) => {
  verb
    .option('--json', 'print what the station answers')
    .addHelpText(
      'after',
      `
It asks the API (GET /api/v1/health) of the station that runs with this configuration. The exit status is 0 when it decides
captures, perhaps with alerts, and 1 when it does not. The container's health check is this command.

Examples:
  muster health
  muster --config /etc/muster/station.yaml health --json`,
    )
    .action(async ({ json }: { json?: boolean }) => health(context, json === true));
};

async function health(context: CommandContext, json: boolean): Promise<void> {
  const { http } = await context.config();
  if (http.port === 0) {
    throw new MusterError('no_api', 'the station has no API to ask: http.port is 0', {
      remedy: 'Set http.port, such as 8080; the API listens on loopback unless http.host says otherwise.',
    });
  }
  const [status, body] = await ask(http).catch((error: unknown): [null, string] => [null, messageOf(error)]);
  if (status !== 200) context.exitCode(1);
  if (status === null) {
    const reason = `no station answers on ${where(http)}: ${body}`;
    context.print(json ? JSON.stringify({ state: null, reason }) : reason);
  } else context.print(json ? body : inWords(status, body));
}

/** Resolves with the status and the text of the answer. */
async function ask(http: Config['http']): Promise<[status: number, body: string]> {
  const token = await readSecret(http, 'token');
  return await new Promise((resolve, reject) => {
    const options = {
      host: addressOf(http.host),
      port: http.port,
      path: '/api/v1/health',
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      timeout: timeoutMs,
      // It is this machine that is asked, by address: the certificate names another, or is nobody's yet.
      rejectUnauthorized: false,
    };
    const request = (http.cert_file === null ? requestHttp : requestHttps)(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.once('error', reject);
      response.once('end', () => resolve([response.statusCode ?? 0, body]));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.once('error', reject);
    request.end();
  });
}

/** A server that listens on all addresses is asked on loopback. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function where({ host, port }: Config['http']): string {
  const address = addressOf(host);
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

const answerSchema = z.object({
  state: z.string(),
  since: z.string(),
  alerts: z.array(z.object({ level: z.string(), message: z.string() })),
});

/** `ready since …`, and a line for each alert. */
function inWords(status: number, body: string): string {
  const answer = answerSchema.safeParse(parsed(body));
  if (!answer.success) return `what answers is no station, or refuses to tell (status ${status})`;
  const { state, since, alerts } = answer.data;
  return [`${state} since ${since}`, ...alerts.map(({ level, message }) => `${level}: ${message}`)].join(
    '\n',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
