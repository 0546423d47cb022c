import type { Connection, Trouble, TroubleCode } from '../broker/contract.ts';
import type { AlertId, Alerts } from './alerts.ts';

const alertOf: Readonly<Record<TroubleCode, AlertId>> = {
  broker_unreachable: 'broker-unreachable',
  broker_refused: 'broker-refused',
  broker_tls: 'broker-tls',
  broker_protocol: 'broker-protocol',
  broker_credentials: 'broker-credentials',
  broker_unsteady: 'broker-unsteady',
  client_id_taken: 'client-id-taken',
};

/**
 * Raises an alert for what keeps the station from the broker, one at a time, and for what the broker refuses to take; it is cleared when
 * that is over. Call it before the connection starts.
 *
 * @param root of the station's topics
 */
export function alertOfBroker(connection: Connection, { alerts, root }: { alerts: Alerts; root: string }) {
  let raised: AlertId | null = null;
  const refused = new Map<string, string>();

  connection.onTrouble((trouble) => {
    const id = trouble === null ? null : alertOf[trouble.code];
    if (raised !== null && raised !== id) alerts.clear(raised);
    raised = id;
    if (id !== null && trouble !== null) alerts.raise(id, 'error', inWords(trouble));
  });
  connection.onRefusal((topic, reason) => {
    if (reason === null) refused.delete(topic);
    else refused.set(topic, reason);
    if (refused.size === 0) {
      alerts.clear('publish-refused');
      return;
    }
    const kinds = [...new Set([...refused.keys()].map((each) => kindOf(each, root)))].toSorted();
    const reasons = [...new Set(refused.values())].toSorted().join(', ');
    const message = `the broker refuses messages of the kind ${kinds.join(', ')}: ${reasons}. Check the rights of the station's user in the broker's ACL.`;
    alerts.raise('publish-refused', 'error', message);
  });
}

function inWords({ message, remedy }: Trouble): string {
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

/** The first level below the station's root, or of a topic elsewhere. */
function kindOf(topic: string, root: string): string {
  const [kind = ''] = (topic.startsWith(`${root}/`) ? topic.slice(root.length + 1) : topic).split('/');
  return kind;
}
