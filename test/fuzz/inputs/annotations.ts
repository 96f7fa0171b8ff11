import fc from "fast-check";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../../../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../../../sync/collect/annotation-names.ts";
import { textMutation } from "./mutations.ts";

/** Every annotation of the catalog, with its parser. */
export const catalog: readonly (readonly [name: string, annotation: Annotation<unknown>])[] = compiledPolicies.flatMap(
  ({ annotations }) => Object.entries<Annotation<unknown>>(annotations),
);

const examples = catalog.map(([, { example }]) => example);
const TOKENS = [
  ...[
    "true",
    "false",
    "TRUE",
    "yes",
    "",
    " ",
    "0",
    "1",
    "-1",
    "+5",
    "1.5",
    "1e9",
    "0x10",
    "999999999999999999999",
    "NaN",
  ],
  ...["5m", "8k", "1g", "10s", "1h30m", "1ms", "1d", "2147483648", "٣", "²"],
  ...["/", "/a", "/$1", "/$10", "$", "${", "$uri", "$request_uri$args", "$host$host", "$scheme://$host", "\\$1"],
  ...[
    "https://a.example.com/",
    "http://one.default.svc:80/x",
    "//x",
    "javascript:x",
    "http://[::1]/",
    "http://a b/",
    "h:",
  ],
  ...[
    "http://user:pass@a.example.com:99999/#f",
    "https://a.example.com/?x=$arg_x",
    "default/one",
    "one",
    "a/b/c",
    "../x",
  ],
  ...["10.0.0.0/8", "::/0", "1.2.3.4", "1.2.3.4/33", "fe80::1%eth0", "0.0.0.0/0", "300.1.1.1", "1.2.3"],
  ...["a.example.com", "*.example.com", "*", "~^a.*$", "A.EXAMPLE.COM.", "é.example.com", "a..b", "-a", "localhost"],
  ...[
    "GET, POST",
    "X-A",
    "X-A: b",
    "X-A:b;X-B:c",
    "Set-Cookie",
    "Host",
    "a\nb",
    "a\r\nX: y",
    "\0",
    "\u001b[2J",
    "\u2028",
  ],
  ...["(a+)+$", "^(a|a)*$", "[", "(?<x>a)", "\\", "(.*)(.*)(.*)x", "(?=a)", "\\1", "a{1000}", "(?i)a", "[[:alpha:]]"],
  ...["return 403;", 'add_header X "y";', "if ($host = a) { deny all; }", "{", "}", "# c", "more_set_headers 'a: b';"],
  ...["round_robin", "ewma", "cookie", "basic", "digest", "any", "all", "HTTPS", "GRPC", "FCGI", "permanent", "always"],
  ...["404,503", "200", "600", "4xx", "error timeout", "http_502 non_idempotent", "off", "None", "Lax", "nofollow"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "null"],
];
const separator = fc.constantFrom(",", ", ", ";", " ", "|", "\n", "/", ":", "=", "", "\t");
const token = fc.oneof(fc.constantFrom(...TOKENS), fc.constantFrom(...examples));

/** Values of an annotation: its example and its mutations, lists of plausible and hostile words, and giant texts. */
export function buildValues(example: string): fc.Arbitrary<string> {
  const mutated = fc
    .tuple(fc.oneof(fc.constant(example), token), fc.array(textMutation, { minLength: 1, maxLength: 2 }))
    .map(([text, mutations]) => mutations.reduce((current, change) => change(current), text));
  const list = fc
    .tuple(fc.array(fc.oneof(token, fc.constant(example)), { minLength: 1, maxLength: 5 }), separator)
    .map(([parts, between]) => parts.join(between));
  const giant = fc
    .tuple(fc.oneof(fc.constant(example), token), separator, fc.integer({ min: 10, max: 20_000 }))
    .map(([part, between, bytes]) => (part + between).repeat(Math.ceil(bytes / (part.length + between.length + 1))));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(example) },
    { weight: 6, arbitrary: token },
    { weight: 6, arbitrary: list },
    { weight: 6, arbitrary: mutated },
    { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
    { weight: 1, arbitrary: giant },
  );
}

/** One annotation with a prefix, and the parser of its value. */
export const annotationPair = fc
  .tuple(fc.constantFrom(...ANNOTATION_PREFIXES), fc.constantFrom(...catalog))
  .chain(([prefix, [name, { example, aliases = [] }]]) =>
    fc.tuple(
      fc.constantFrom(name, name, name, ...aliases).map((spelling) => prefix + spelling),
      buildValues(example),
    ),
  );
