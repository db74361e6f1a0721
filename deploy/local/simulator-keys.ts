/** The PEMs of the simulator's registered webhook and of its company key, as an operator copies them from Revio's dashboard. */
export async function simulatorPublicKeys(simulatorUrl: string): Promise<string> {
  const response = await fetch(`${simulatorUrl}/_sim/keys`);
  const keys = (await response.json()) as { company_public_key: string; webhook_public_key: string };
  return [keys.webhook_public_key, keys.company_public_key].map((pem) => pem.trim()).join('\n');
}
