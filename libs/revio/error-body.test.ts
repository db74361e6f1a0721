import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readErrorBody } from './index.ts';

const samples = JSON.parse(readFileSync(`${import.meta.dirname}/samples/12-errors.json`, 'utf8')) as Record<
  string,
  unknown
>;

test.each([
  ['400_list_form__what_SDKs_and_Precium_refund_page_show', { field: null, code: 'purchase_refund_error' }],
  ['400_object_form__OpenAPI_example_and_Precium_error_mapping', { field: null, code: 'error_code' }],
  ['400_field_error', { field: 'brand_id', code: 'does_not_exist' }],
  ['401', { field: null, code: 'invalid_token' }],
])('F2: the error form %s is read', (form, expected) => {
  expect(readErrorBody(JSON.stringify(samples[form]))).toEqual([expected]);
});

test('F2: the other forms are survived, with their code where they have one', () => {
  const forms = samples['other_forms_to_survive'] as unknown[];
  expect(forms.map((form) => readErrorBody(typeof form === 'string' ? form : JSON.stringify(form))[0]?.code)).toEqual([
    'unspecified',
    'unspecified',
    'rate_limited',
    'unspecified',
  ]);
});

test('F2: the refusal of an execute is read (sample 09)', () => {
  const body =
    '{"status":"error","error":{"code":"general_transaction_error","message":"Unrecognized transaction error"}}';
  expect(readErrorBody(body)).toEqual([{ field: null, code: 'general_transaction_error' }]);
});

test('A8: free text, which may echo what was sent, does not come out, not even as a code', () => {
  const body = JSON.stringify({ email: [{ message: 'thandi@example.co.za is taken', code: 'thandi@example.co.za' }] });
  expect(readErrorBody(body)).toEqual([{ field: 'email', code: 'unspecified' }]);
});

test.each(['', 'null', '[]', '{}', '"text"', '7', '{"__all__":null}', '{"a":[[]]}'])(
  'F2: %s is one unspecified error',
  (body) => {
    expect(readErrorBody(body)).toEqual([{ field: null, code: 'unspecified' }]);
  },
);

test('F2: a flood of errors is cut', () => {
  const flood = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`field_${n}`, { code: 'invalid' }]));
  expect(readErrorBody(JSON.stringify(flood))).toHaveLength(20);
});
