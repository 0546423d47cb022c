/** The URL of a broker without TLS at an address. IPv6 stands in brackets [RFC 3986, section 3.2.2]. */
export function brokerUrlAt(host: string, port: number): string {
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
