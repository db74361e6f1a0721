/**
 * The rules as they are, but for their durations: what is rated over a quarter of an hour is rated over seconds, what must last for five
 * minutes lasts for seconds. Nothing else of a rule changes: no metric, label, sum or threshold. Longer stays longer, so that the windows
 * of an objective keep their order.
 */
export const shortened = (rules: string): string =>
  rules
    .replaceAll(/\[(\d+)([mhd])\]/g, (_, n: string, unit: string) => `[${windowOf(seconds(n, unit))}]`)
    .replaceAll(/\boffset (\d+)([mhd])\b/g, (_, n: string, unit: string) => `offset ${windowOf(seconds(n, unit))}`)
    .replaceAll(/\bfor: (\d+)([mhd])\b/g, (_, n: string, unit: string) => `for: ${patienceOf(seconds(n, unit))}`)
    .replaceAll(ageOfSomething, (_, age: string, limit: string) => `${age}${windowS(Number(limit)).toFixed(1)}`);

/** `time() - last success > 900`: a window as well. Of half an hour at most: what comes once an hour is not made to come sooner. */
const ageOfSomething = /(\btime\(\) - [^>\n]*> )(300|900|1800)\b(?! *\*)/g;

const unitS: Record<string, number> = { m: 60, h: 3_600, d: 86_400 };
const seconds = (n: string, unit: string): number => Number(n) * (unitS[unit] ?? Number.NaN);

/** 5 min → 8 s, 15 min → 21 s, 1 h → 37 s, 3 d → 87 s: with a scrape each second the shortest has eight samples. */
const windowS = (s: number): number => Math.max(4, 8 + 8 * Math.log2(s / 300));
/** 1 min → 2 s, 5 min → 4 s, 1 h → 8 s: two evaluations at least, so that one sample alone never fires. */
const patienceS = (s: number): number => 2 + Math.log2(s / 60);

const inMs = (s: number): string => `${Math.round(s * 1_000)}ms`;
const windowOf = (s: number): string => inMs(windowS(s));
const patienceOf = (s: number): string => inMs(patienceS(s));
