import { parser } from '@prometheus-io/lezer-promql';

/** A series that an expression asks for. */
export interface Selector {
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
}

export interface Expression {
  selectors: Selector[];
  /** Of `by (…)`, `without (…)`, `on (…)`. */
  groupedBy: string[];
}

/** Throws where the text is no PromQL. */
export function parsePromQl(text: string): Expression {
  const found: Expression = { selectors: [], groupedBy: [] };
  const ranges: { from: number; to: number }[] = [];
  parser.parse(text).iterate({
    enter: ({ name, type, from, to }) => {
      const slice = text.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}: ${text}`);
      if (name === 'VectorSelector') {
        found.selectors.push({ metric: '', matchers: [] });
        ranges.push({ from, to });
      }
      const selector = found.selectors.at(-1);
      const inside = ranges.at(-1);
      const isInside = inside !== undefined && from >= inside.from && to <= inside.to;
      if (selector === undefined || !isInside) {
        if (name === 'LabelName') found.groupedBy.push(slice);
        return;
      }
      if (name === 'Identifier') selector.metric = slice;
      if (name === 'UnquotedLabelMatcher') selector.matchers.push(matcherOf(slice));
    },
  });
  return found;
}

function matcherOf(text: string): Selector['matchers'][number] {
  const [, label = '', operator = '', value = '""'] = /^(\w+)\s*(=~|!~|!=|=)\s*([\s\S]*)$/.exec(text) ?? [];
  return { label, operator, value: JSON.parse(value) as string };
}
