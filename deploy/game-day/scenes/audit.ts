import type { Scene } from '../play.ts';

const rowChanged: Scene = {
  alerts: { AuditChainBroken: 'the first row of the audit log changed in the database' },
  make: async (world) => {
    const change = (to: string) => world.sql('gateway', `UPDATE audit_log SET action = ${to} WHERE seq = 1`);
    await change(`action || '_x'`);
    return () => change(`left(action, -2)`);
  },
};

const unchecked: Scene = {
  alerts: { AuditCheckStale: 'the gateway may not renew its leases: a right taken from its role' },
  make: async (world) => {
    await world.sql('gateway', 'REVOKE UPDATE ON leases FROM gateway_service');
    return () => world.sql('gateway', 'GRANT UPDATE ON leases TO gateway_service');
  },
};

export const auditScenes: readonly Scene[] = [rowChanged, unchecked];
