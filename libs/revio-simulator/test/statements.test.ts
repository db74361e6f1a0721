import { expect, test } from 'vitest';
import { STATEMENT_WRONGS, type StatementWrong } from '../statements.ts';
import { clientOf, startSimulator } from './world.ts';

const nowS = () => Math.floor(Date.now() / 1000);
const thisHour = () => ({ from: nowS() - 1_800, until: nowS() + 1_800 });

async function simulatorWithMoney() {
  const simulator = await startSimulator();
  const client = clientOf(simulator);
  const purchase = await client.createPurchase('a, "quoted" one');
  await client.createPurchase('never paid');
  simulator.control.pay({ id: purchase.id });
  const payment = simulator.control.refund({ id: purchase.id, amount: 1_000 });
  return { url: simulator.url, control: simulator.control, purchase, payment };
}

test('a statement has every movement of its span once, and nothing that did not move', async () => {
  const { control, purchase, payment, url } = await simulatorWithMoney();
  const { from, until } = thisHour();
  const [head, ...rows] = control.statement({ from, until }).csv.split('\r\n');
  expect(head).toBe('at,type,object_id,reference,currency,gross,fee,status');
  expect(rows).toHaveLength(3);
  expect(rows.pop()).toBe('');
  expect(rows.find((row) => row.includes(`,deposit,${purchase.id},`))).toMatch(
    /,"a, ""quoted"" one",ZAR,150\.00,[0-9]+\.[0-9]{2},settled$/,
  );
  expect(rows.find((row) => row.includes(`,refund,${payment.id},`))).toMatch(/,ZAR,10\.00,0\.00,settled$/);
  expect(control.statement({ from: until, until: until + 60 }).csv.split('\r\n')).toEqual([head, '']);
  const overHttp = await (await fetch(`${url}/_sim/statement?from=${from}&until=${until}`)).json();
  expect(overHttp).toEqual(control.statement({ from, until }));
});

/** Lines that only the right one has, and only the wrong one. */
const changes: Record<StatementWrong, [number, number]> = {
  missing_line: [1, 0],
  extra_line: [0, 1],
  other_amount: [1, 1],
  other_status: [1, 1],
  duplicate_line: [0, 0],
  other_currency: [1, 1],
  fee_line: [0, 1],
};

test.each(STATEMENT_WRONGS)('a wrong one differs from the right one by one thing: %s', async (wrong) => {
  const { control, purchase } = await simulatorWithMoney();
  const span = thisHour();
  const right = control.statement(span).csv.split('\r\n');
  const spoiled = control.statement({ ...span, wrong, id: purchase.id }).csv.split('\r\n');
  const only = (some: string[], others: string[]) => some.filter((row) => !others.includes(row)).length;
  expect([only(right, spoiled), only(spoiled, right)]).toEqual(changes[wrong]);
  expect(spoiled.filter((row) => row.includes(purchase.id))).toHaveLength(
    { missing_line: 0, duplicate_line: 2 }[wrong as string] ?? 1,
  );
});
